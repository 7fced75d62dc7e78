namespace Metering.Ledger.Sqlite.Tests;

public sealed class CatalogTests
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
        await using var store = new TestStore();
        var account = new ServiceAccount("account", "Account", null, "customer", ["a", ServiceAccount.MeteringAgent]);
        StoredCatalog applied = await store.Store.Catalog.ApplyAsync(0, [.. OneOfEach.Append(account).Select(value => new CatalogPut(value, false))], TestStore.Stop);
        await store.RestartAsync();
        StoredCatalog read = await store.Store.Catalog.ReadAsync(TestStore.Stop);
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
        await using var store = new TestStore();
        ICatalogStore catalog = store.Store.Catalog;
        Assert.Equal((0, 0), (await Version(catalog), (await catalog.ReadAsync(TestStore.Stop)).Objects.Count));
        await catalog.ApplyAsync(0, [new(new Publisher("a", "A"), false), new(new Publisher("b", "B"), false)], TestStore.Stop);
        await catalog.ApplyAsync(1, [new(new Publisher("a", "A"), true)], TestStore.Stop);
        StoredCatalog read = await catalog.ApplyAsync(2, [new(new Publisher("a", "New"), false), new(new Customer("a", "C", false), false)], TestStore.Stop);
        Assert.Equal(
            [new StoredObject(1, new Publisher("a", "New"), false), new StoredObject(2, new Publisher("b", "B"), false), new StoredObject(3, new Customer("a", "C", false), false)],
            read.Objects.Select(stored => stored with { Key = stored.Object is Customer ? 3 : stored.Key }));
        Assert.True(read.Objects[2].Key > 2);
        Assert.Equal(3, read.Version);
    }

    [Fact]
    public async Task A_change_against_another_version_is_refused_whole()
    {
        await using var store = new TestStore();
        ICatalogStore catalog = store.Store.Catalog;
        await catalog.ApplyAsync(0, [new(new Publisher("a", "A"), false)], TestStore.Stop);
        foreach (long stale in new[] { 0L, 2, -1 })
            await Assert.ThrowsAsync<CatalogConflictException>(() => catalog.ApplyAsync(stale, [new(new Publisher("b", "B"), false)], TestStore.Stop));
        Assert.Equal("a", Assert.Single((await catalog.ReadAsync(TestStore.Stop)).Objects).Object.Id);
        Assert.Equal(1, await Version(catalog));
        Assert.Equal(LedgerAnswer.Committed, await store.WriteAsync(1)); // the refusal left no transaction open
    }

    [Fact]
    public async Task Of_many_changes_at_once_one_wins()
    {
        await using var store = new TestStore();
        ICatalogStore catalog = store.Store.Catalog;
        Task<StoredCatalog>[] changes = [.. Enumerable.Range(0, 8).Select(number => catalog.ApplyAsync(0, [new(new Publisher($"p{number}", "P"), false)], TestStore.Stop))];
        await Assert.ThrowsAsync<CatalogConflictException>(() => Task.WhenAll(changes));
        Assert.Equal(1, changes.Count(change => change.IsCompletedSuccessfully));
        Assert.All(changes.Where(change => change.IsFaulted), change => Assert.IsType<CatalogConflictException>(change.Exception!.InnerException));
    }

    [Fact]
    public async Task A_change_given_up_before_its_turn_does_nothing()
    {
        await using var store = new TestStore();
        using var hold = new ManualResetEventSlim();
        using var cancel = new CancellationTokenSource();
        Task held = store.Store.ChangeAsync(_ => hold.Wait());
        Task<StoredCatalog> change = store.Store.Catalog.ApplyAsync(0, [new(new Publisher("a", "A"), false)], cancel.Token);
        await cancel.CancelAsync();
        hold.Set();
        await held;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => change);
        Assert.Equal(0, await Version(store.Store.Catalog));
    }

    [Fact]
    public async Task A_damaged_object_is_named()
    {
        await using var store = new TestStore();
        await store.Store.Catalog.ApplyAsync(0, [new(new Publisher("a", "A"), false)], TestStore.Stop);
        foreach (string body in new[] { "{", "{}", "null", """{"id":"a","name":null}""" })
        {
            await store.Store.ChangeAsync(database => database.Execute($"UPDATE catalog_object SET body = '{body}'"));
            Assert.Contains("Object 1 of the catalog is damaged", (await Assert.ThrowsAsync<StoreException>(() => store.Store.Catalog.ReadAsync(TestStore.Stop))).Message);
        }
    }

    [Fact]
    public async Task Stored_bodies_keep_their_form()
    {
        await using var store = new TestStore();
        await store.Store.Catalog.ApplyAsync(0, [new(new Product("p", "P", "u", ProductKind.Image, true), false)], TestStore.Stop);
        await store.Store.ChangeAsync(database => Assert.Equal(
            """{"id":"p","name":"P","publisher_id":"u","metering":"Image","active":true}""".Length,
            database.QueryText("SELECT body FROM catalog_object").Length));
        await store.Store.ChangeAsync(database => database.Execute("""UPDATE catalog_object SET body = '{"id":"p","name":"Q","publisher_id":"u","metering":"Instance","active":false}'"""));
        Assert.Equal(new Product("p", "Q", "u", ProductKind.Instance, false), Assert.Single((await store.Store.Catalog.ReadAsync(TestStore.Stop)).Objects).Object);
    }

    private static async Task<long> Version(ICatalogStore catalog) => (await catalog.ReadAsync(TestStore.Stop)).Version;
}
