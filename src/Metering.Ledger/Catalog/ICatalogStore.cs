namespace Metering.Ledger;

/// <summary>Where the catalog is kept. Nothing is ever deleted: what is not declared any more is retired, so that records keep their meaning.</summary>
public interface ICatalogStore
{
    /// <summary>Every object, retired ones included.</summary>
    Task<StoredCatalog> ReadAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Adds or replaces the objects in one durable transaction and answers with the whole catalog after it.
    /// </summary>
    /// <param name="baseVersion">The version that the change was computed against.</param>
    /// <param name="puts">The objects as they are to be.</param>
    /// <param name="cancellationToken">Gives up before the transaction starts, never within.</param>
    /// <exception cref="CatalogConflictException">The catalog has moved on from <paramref name="baseVersion"/>; nothing was changed.</exception>
    Task<StoredCatalog> ApplyAsync(long baseVersion, IReadOnlyList<CatalogPut> puts, CancellationToken cancellationToken);
}

/// <summary>An object as it is to be stored.</summary>
/// <param name="Object">The object.</param>
/// <param name="Retired">No longer declared: kept for its records, good for nothing else.</param>
public sealed record CatalogPut(CatalogObject Object, bool Retired);

/// <summary>A stored object.</summary>
/// <param name="Key">The store's number of it (above 0), the same for ever; what ledgers refer to.</param>
/// <param name="Object">The object.</param>
/// <param name="Retired">No longer declared.</param>
public sealed record StoredObject(int Key, CatalogObject Object, bool Retired);

/// <summary>The stored catalog.</summary>
/// <param name="Version">0 when empty; grows by one with every applied change.</param>
/// <param name="Objects">All objects, by key.</param>
public sealed record StoredCatalog(long Version, IReadOnlyList<StoredObject> Objects);

/// <summary>Two changes were computed against the same version of the catalog, and the other came first.</summary>
public sealed class CatalogConflictException(long expected, long found)
    : Exception($"The catalog is at version {found}, not {expected}: somebody changed it in between. Try again.");
