namespace Metering.Ledger.Sqlite;

/// <summary>The catalog in the ledger's file, changed on the writer's thread.</summary>
internal sealed class SqliteCatalogStore(Writer writer, StoreFile file) : ICatalogStore
{
    /// <inheritdoc/>
    public Task<StoredCatalog> ReadAsync(CancellationToken cancellationToken) => Task.Run(() => file.Read(ReadOneState), cancellationToken);

    /// <inheritdoc/>
    public Task<StoredCatalog> ApplyAsync(long baseVersion, IReadOnlyList<CatalogPut> puts, CancellationToken cancellationToken) =>
        writer.ChangeAsync(database => Apply(database, baseVersion, puts), cancellationToken);

    private StoredCatalog ReadOneState()
    {
        using Database database = file.Connect(forWriting: false);
        database.Execute("BEGIN"); // version and objects of one state
        return Read(database);
    }

    private static StoredCatalog Apply(Database database, long baseVersion, IReadOnlyList<CatalogPut> puts)
    {
        long found = Version(database);
        if (found != baseVersion)
            throw new CatalogConflictException(baseVersion, found);

        using Statement put = database.Prepare("""
            INSERT INTO catalog_object(kind, id, retired, body) VALUES(?1, ?2, ?3, ?4)
            ON CONFLICT(kind, id) DO UPDATE SET retired = excluded.retired, body = excluded.body
            """);
        foreach (CatalogPut change in puts)
        {
            put.Bind(1, (long)change.Object.Kind).Bind(2, change.Object.Id).Bind(3, change.Retired ? 1 : 0)
                .Bind(4, CatalogBodies.Write(change.Object)).Run();
        }

        database.Execute("UPDATE catalog_version SET version = version + 1 WHERE id = 1");
        return Read(database);
    }

    /// <summary>The catalog as the caller's transaction sees it.</summary>
    internal static StoredCatalog Read(Database database)
    {
        var objects = new List<StoredObject>();
        using Statement rows = database.Prepare("SELECT key, kind, retired, body FROM catalog_object ORDER BY key");
        while (rows.Step())
        {
            CatalogObject value = CatalogBodies.Read(rows.Number(0), (CatalogKind)rows.Number(1), rows.Text(3));
            objects.Add(new StoredObject(checked((int)rows.Number(0)), value, rows.Number(2) != 0));
        }

        return new StoredCatalog(Version(database), objects);
    }

    private static long Version(Database database) => database.QueryNumber("SELECT version FROM catalog_version WHERE id = 1");
}
