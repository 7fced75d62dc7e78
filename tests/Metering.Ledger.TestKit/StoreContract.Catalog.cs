namespace Metering.Ledger.TestKit;

/// <content>The catalog: everything is kept, nothing is deleted, one change at a time.</content>
public abstract partial class StoreContract
{
    private static readonly CatalogObject[] OneOfEach =
    [
        new Publisher("publisher", "Издатель \"A\""),
        new Product("product", "Product", "publisher", ProductKind.Image, Active: true),
        new Sku("sku", "SKU", "product", "gb*hour", Active: false),
        new Customer("customer", "Customer", Suspended: true),
        new ProductInstance("instance", "product", "customer", Active: true),
        new AuthorizedKey("key", "account", new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.FromHours(3)).AddTicks(1), "RSA_2048", "-----BEGIN\nPUBLIC KEY-----", Declared: false),
    ];

    [Fact]
    public async Task Every_kind_of_object_is_read_as_it_was_put()
    {
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
        var account = new ServiceAccount("account", "Account", null, "customer", ["a", ServiceAccount.MeteringAgent]);
        StoredCatalog applied = await store.Store.Catalog.ApplyAsync(0, [.. OneOfEach.Append(account).Select(value => new CatalogPut(value, false))], Stop);
        await store.RestartAsync();
        StoredCatalog read = await store.Store.Catalog.ReadAsync(Stop);
        foreach (StoredCatalog catalog in new[] { applied, read })
        {
            Assert.Equal(1, catalog.Version);
            Assert.Equal(OneOfEach, catalog.Objects.Take(OneOfEach.Length).Select(stored => stored.Object));
            Assert.Equal([1, 2, 3, 4, 5, 6, 7], catalog.Objects.Select(stored => stored.Key));
            var last = Assert.IsType<ServiceAccount>(catalog.Objects[^1].Object);
            Assert.Equal(account.Roles, last.Roles);
            Assert.Equal(account with { Roles = last.Roles }, last);
        }
    }

    [Fact]
    public async Task An_object_keeps_its_key_for_ever()
    {
        await using Nodes nodes = await OpenAsync();
        ICatalogStore catalog = nodes.First.Store.Catalog;
        Assert.Equal((0, 0), (await VersionAsync(catalog), (await catalog.ReadAsync(Stop)).Objects.Count));
        await catalog.ApplyAsync(0, [new(new Publisher("a", "A"), false), new(new Publisher("b", "B"), false)], Stop);
        await catalog.ApplyAsync(1, [new(new Publisher("a", "A"), true)], Stop);
        StoredCatalog read = await catalog.ApplyAsync(2, [new(new Publisher("a", "New"), false), new(new Customer("a", "C", false), false)], Stop);
        Assert.Equal(
            [new StoredObject(1, new Publisher("a", "New"), false), new StoredObject(2, new Publisher("b", "B"), false), new StoredObject(3, new Customer("a", "C", false), false)],
            read.Objects.Select(stored => stored with { Key = stored.Object is Customer ? 3 : stored.Key }));
        Assert.True(read.Objects[2].Key > 2);
        Assert.Equal(3, read.Version);
    }

    [Fact]
    public async Task A_change_against_another_version_is_refused_whole()
    {
        await using Nodes nodes = await OpenAsync();
        ICatalogStore catalog = nodes.First.Store.Catalog;
        await catalog.ApplyAsync(0, [new(new Publisher("a", "A"), false)], Stop);
        foreach (long stale in new[] { 0L, 2, -1 })
            await Assert.ThrowsAsync<CatalogConflictException>(() => catalog.ApplyAsync(stale, [new(new Publisher("b", "B"), false)], Stop));
        Assert.Equal("a", Assert.Single((await catalog.ReadAsync(Stop)).Objects).Object.Id);
        Assert.Equal(1, await VersionAsync(catalog));
        Assert.Equal(LedgerAnswer.Committed, await nodes.First.WriteAsync(1)); // the refusal left no transaction open
    }

    [Fact]
    public async Task Of_many_changes_at_once_one_wins()
    {
        await using Nodes nodes = await OpenAsync(Nodes);
        Task<StoredCatalog>[] changes = [.. Enumerable.Range(0, 8).Select(number =>
            nodes[number % nodes.Count].Store.Catalog.ApplyAsync(0, [new(new Publisher($"p{number}", "P"), false)], Stop))];
        await Assert.ThrowsAsync<CatalogConflictException>(() => Task.WhenAll(changes));
        Assert.Equal(1, changes.Count(change => change.IsCompletedSuccessfully));
        Assert.All(changes.Where(change => change.IsFaulted), change => Assert.IsType<CatalogConflictException>(change.Exception!.InnerException));
    }

    [Fact]
    public async Task A_change_that_was_given_up_before_it_began_does_nothing()
    {
        await using Nodes nodes = await OpenAsync();
        ICatalogStore catalog = nodes.First.Store.Catalog;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => catalog.ApplyAsync(0, [new(new Publisher("a", "A"), false)], new CancellationToken(canceled: true)));
        Assert.Equal(0, await VersionAsync(catalog));
    }

    /// <summary>The version of the stored catalog.</summary>
    protected static async Task<long> VersionAsync(ICatalogStore catalog) => (await catalog.ReadAsync(Stop)).Version;
}
