namespace Metering.Ledger.Sqlite;

/// <summary>Tells an index, after opening, the uuids that it does not hold durably itself.</summary>
internal static class IndexReplay
{
    /// <summary>Reads the batches from <see cref="IUuidIndex.FirstBatchToReplay"/> on.</summary>
    /// <exception cref="StoreException">A batch is damaged: without its uuids, records would be counted twice.</exception>
    public static void Run(Database database, IUuidIndex index)
    {
        using var batches = new BatchCursor(database, index.FirstBatchToReplay, long.MaxValue);
        while (batches.Next())
        {
            BatchReader reader = batches.Read();
            while (reader.Next(out CountedRecord record))
                index.TryAdd(record.Uuid);
            index.Keep(batches.Number);
        }
    }
}
