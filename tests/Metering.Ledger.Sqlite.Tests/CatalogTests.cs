namespace Metering.Ledger.Sqlite.Tests;

public sealed class CatalogTests
{
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
