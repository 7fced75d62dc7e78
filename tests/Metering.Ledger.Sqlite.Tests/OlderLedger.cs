namespace Metering.Ledger.Sqlite.Tests;

/// <summary>Turns a closed ledger's batches into those that older programs wrote.</summary>
internal static class OlderLedger
{
    /// <summary>Writes every batch anew as version 1. The index must be without files, since they know the batches' checksums.</summary>
    public static void Rewrite(string path)
    {
        using Database database = Database.OpenForWriting(path);
        long last = database.QueryNumber("SELECT max(number) FROM batch");
        using (var batches = new BatchCursor(database, 1, last))
        using (Statement update = database.Prepare("UPDATE batch SET body = ?2 WHERE number = ?1"))
        {
            while (batches.Next())
                update.Bind(1, batches.Number).Bind(2, BatchBodies.Recordwise(batches.Number, WritesOf(batches.Read()))).Run();
        }

        database.Checkpoint(SQLitePCL.raw.SQLITE_CHECKPOINT_TRUNCATE);
    }

    /// <summary>How many batches have which version, oldest first.</summary>
    public static List<(byte Version, int Batches)> Versions(string path)
    {
        using Database database = Database.OpenForWriting(path);
        using Statement rows = database.Prepare("SELECT substr(body, 1, 1), count(*) FROM batch GROUP BY 1 ORDER BY min(number)");
        var versions = new List<(byte, int)>();
        while (rows.Step())
            versions.Add((rows.Bytes(0)[0], (int)rows.Number(1)));
        return versions;
    }

    private static List<UsageWrite> WritesOf(BatchReader reader)
    {
        var writes = new List<UsageWrite>();
        while (reader.Next(out CountedRecord record))
        {
            if (writes.Count == 0 || writes[^1].RequestId != record.RequestId || writes[^1].RecordCount == Limits.RecordsPerWrite)
            {
                writes.Add(new UsageWrite
                {
                    OwnerKey = record.OwnerKey, AccountKey = record.AccountKey, RequestId = record.RequestId, ReceivedUnixNanoseconds = record.AcceptedUnixNanoseconds,
                });
            }

            ref UsageRecord added = ref writes[^1].AddRecord();
            (added.Uuid, added.SkuKey, added.Quantity) = (record.Uuid, record.SkuKey, record.Quantity);
            (added.TimestampSeconds, long nanoseconds) = Math.DivRem(record.TimestampUnixNanoseconds, 1_000_000_000);
            added.TimestampNanoseconds = (int)nanoseconds;
        }

        return writes;
    }
}
