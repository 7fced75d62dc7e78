namespace Metering.Ledger.Sqlite;

/// <summary>What opening a ledger does about archives, once its index is whole: it ends what a server that was killed had begun.</summary>
internal static class ArchiveOpening
{
    /// <summary>
    /// Deletes a file that was not whole and drops the records that an archive holds. Those whose archive is not there, or
    /// not whole, stay: in a copy that was not taken at one instant they may be the only ones.
    /// </summary>
    /// <returns>What an operator should know.</returns>
    public static IReadOnlyList<string> Finish(Database database, ArchiveFolder folder)
    {
        folder.DropTemporary();
        var notices = new List<string>();
        try
        {
            Change(database, ArchiveNote.DropUnfinishedTotals);
            foreach (ArchiveNote note in ArchiveNote.ReadAll(database).Where(note => note.DroppedBatch < note.LastBatch))
            {
                if (WhyNotDropped(note, folder, database) is { } notice)
                {
                    notices.Add(notice);
                    continue;
                }

                for (ArchiveNote left = note; left.DroppedBatch < left.LastBatch;)
                    Change(database, open => left = left.DropSome(open));
            }
        }
        catch (SqliteFault fault) when (fault.IsFull)
        {
            if (database.InTransaction)
                database.Execute("ROLLBACK");
            notices.Add($"{database.Path} holds records that were archived: the disk is too full to drop them. The next archive does it, or the next start.");
        }

        return notices;
    }

    /// <summary>Why records that were archived must stay in the ledger for now; null when they need not.</summary>
    public static string? WhyNotDropped(ArchiveNote note, ArchiveFolder folder, Database database) =>
        ArchiveProof.FaultOf(note, folder, database) is { } fault
            ? $"{database.Path} keeps records that were archived until their archive is back, whole: {fault}" : null;

    private static void Change(Database database, Action<Database> change)
    {
        database.Execute("BEGIN IMMEDIATE");
        change(database);
        database.Execute("COMMIT");
    }
}
