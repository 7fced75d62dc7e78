namespace Metering.Ledger.Sqlite;

/// <summary>A counted uuid in the index.</summary>
/// <param name="Key">Its key, see <see cref="UuidKeys"/>.</param>
/// <param name="Batch">The batch that holds its record.</param>
internal readonly record struct IndexEntry(UInt128 Key, long Batch);

/// <summary>Entries in the order of their keys, each key once: what a run is made of.</summary>
internal interface ISortedEntries
{
    /// <summary>Goes to the next entry; false after the last.</summary>
    bool Next(out IndexEntry entry);
}
