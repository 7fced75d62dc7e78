namespace Metering.Ledger.Sqlite;

/// <summary>What opening a ledger does about archives: it ends what a server that was killed had begun.</summary>
internal static class ArchiveOpening
{
    /// <summary>Deletes a file that was not whole and drops the records that an archive holds.</summary>
    /// <returns>What an operator should know.</returns>
    public static IReadOnlyList<string> Finish(Database database, ArchiveFolder folder)
    {
        folder.DropTemporary();
        try
        {
            Change(database, ArchiveNote.DropUnfinishedTotals);
            foreach (ArchiveNote note in ArchiveNote.ReadAll(database))
            {
                for (ArchiveNote left = note; left.DroppedBatch < left.LastBatch;)
                    Change(database, open => left = left.DropSome(open));
            }

            return [];
        }
        catch (SqliteFault fault) when (fault.IsFull)
        {
            if (database.InTransaction)
                database.Execute("ROLLBACK");
            return [$"{database.Path} holds records that were archived: the disk is too full to drop them. The next archive does it, or the next start."];
        }
    }

    private static void Change(Database database, Action<Database> change)
    {
        database.Execute("BEGIN IMMEDIATE");
        change(database);
        database.Execute("COMMIT");
    }
}
