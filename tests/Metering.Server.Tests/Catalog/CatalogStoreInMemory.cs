using Metering.Ledger;

namespace Metering.Server.Tests;

/// <summary>A catalog that lives as long as the object.</summary>
internal sealed class CatalogStoreInMemory : ICatalogStore
{
    private StoredCatalog _catalog = new(0, []);

    /// <summary>Runs before the next change, once: what another node does in between.</summary>
    public Action? Interference { get; set; }

    public int Applications { get; private set; }

    public bool Fails { get; set; }

    public bool AlwaysConflicts { get; set; }

    public Task<StoredCatalog> ReadAsync(CancellationToken cancellationToken) => Task.FromResult(_catalog);

    public Task<StoredCatalog> ApplyAsync(long baseVersion, IReadOnlyList<CatalogPut> puts, CancellationToken cancellationToken)
    {
        Action? interference = Interference;
        Interference = null;
        interference?.Invoke();
        if (Fails)
            return Task.FromException<StoredCatalog>(new IOException("the disk is gone"));
        return baseVersion != _catalog.Version || AlwaysConflicts
            ? Task.FromException<StoredCatalog>(new CatalogConflictException(baseVersion, _catalog.Version))
            : Task.FromResult(Put(puts));
    }

    public StoredCatalog Put(params IReadOnlyList<CatalogPut> puts)
    {
        Applications++;
        var objects = _catalog.Objects.ToDictionary(one => (one.Object.Kind, one.Object.Id));
        foreach (CatalogPut put in puts)
        {
            int key = objects.TryGetValue((put.Object.Kind, put.Object.Id), out StoredObject? known) ? known.Key : objects.Count + 1;
            objects[(put.Object.Kind, put.Object.Id)] = new StoredObject(key, put.Object, put.Retired);
        }

        _catalog = new StoredCatalog(_catalog.Version + 1, [.. objects.Values.OrderBy(one => one.Key)]);
        return _catalog;
    }
}
