namespace Metering.Ledger.Sqlite;

/// <summary>Tells an index, after opening, the uuids that its runs do not hold: those of the newest batches, mostly.</summary>
internal static class IndexReplay
{
    /// <summary>Reads the batches that are missing in the index. Those that were archived are sealed at once: the archives may leave.</summary>
    /// <exception cref="StoreException">
    /// A batch is damaged: without its uuids, records would be counted twice. Or there is no space for the index.
    /// </exception>
    public static void Run(Database database, ArchivedBatches archived, UuidIndex index)
    {
        for (int range = 0; range < index.Missing.Count; range++)
        {
            (long first, long last) = index.Missing[range];
            if (first <= archived.LastBatch)
            {
                long lastArchived = Math.Min(last, archived.LastBatch);
                index.BeginAt(first);
                foreach (IBatches batches in archived.Between(first, lastArchived))
                    Replay(database, index, batches);
                if (!index.SealAll())
                    throw NoSpace(database);
                first = lastArchived + 1;
            }

            index.BeginAt(first);
            using (var batches = new BatchCursor(database, first, last))
                Replay(database, index, batches);

            // A table covers batches that follow each other, so one ends where a run begins.
            bool isOpen = range == index.Missing.Count - 1;
            if (!isOpen && !index.SealAll())
                throw NoSpace(database);
        }
    }

    private static void Replay(Database database, UuidIndex index, IBatches batches)
    {
        while (batches.Next())
        {
            if (!index.HasRoom())
                throw NoSpace(database);
            index.Clear();
            BatchReader reader = batches.Read();
            int count = 0;
            for (; reader.Next(out CountedRecord record); count++)
                index.Add(record.Uuid);
            index.Find();
            for (int number = 0; number < count; number++)
                index.TryCount(number, batches.Number);
            index.Keep(batches.Number);
        }
    }

    private static StoreException NoSpace(Database database) =>
        new($"{database.Path} cannot be opened: the disk has no space for its index. Make space and start again.");
}
