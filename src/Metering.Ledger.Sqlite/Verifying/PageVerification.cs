using SQLitePCL;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// What SQLite knows of the file as such: whether it is a ledger, and whether its pages are in order, so that no row is hidden
/// by a damaged one. Reads the whole file, and ends at once when it is given up.
/// </summary>
internal sealed class PageVerification(Database database, Findings findings)
{
    private const int FaultsListed = 20; // one bad page makes many
    private const int InstructionsBetween = 10_000;

    /// <summary>Whether it is a ledger, perhaps one of an older program; the difference is told.</summary>
    /// <exception cref="StoreException">It is of a newer program, and nothing can be said of it.</exception>
    public bool Identify()
    {
        long version = database.QueryNumber("PRAGMA user_version");
        int newest = Schema.Migrations[^1].Version;
        bool isMarked = database.QueryNumber("PRAGMA application_id") == Schema.ApplicationId;
        if (isMarked && version > newest)
        {
            throw new StoreException(
                $"{database.Path} has schema version {version}; this program knows versions up to {newest}. "
                + $"Verify it with metering {Schema.NewestProgram(database)} or newer, which wrote it.");
        }

        if (isMarked && version > 0)
            return true;
        findings.Tell($"No server opens {database.Path}: it is a database, but not marked as a ledger. Restore it from a backup.");
        return false;
    }

    /// <summary>Checks every page.</summary>
    public void Check(CancellationToken cancellationToken)
    {
        raw.sqlite3_progress_handler(database.Handle, InstructionsBetween, _ => cancellationToken.IsCancellationRequested ? 1 : 0, null);
        try
        {
            using Statement faults = database.Prepare($"PRAGMA quick_check({FaultsListed})");
            while (faults.Step())
            {
                if (faults.Text(0) is not "ok" and { } fault)
                    findings.Tell($"The pages of {database.Path} are damaged: {fault.TrimEnd('.').ReplaceLineEndings(" ")}. Restore it from a backup.");
            }
        }
        catch (SqliteFault fault)
        {
            cancellationToken.ThrowIfCancellationRequested();
            findings.Tell(StoreFile.Explain(database.Path, fault).Message);
        }
        finally
        {
            raw.sqlite3_progress_handler(database.Handle, 0, (delegate_progress?)null, null);
        }
    }
}
