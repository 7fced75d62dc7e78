namespace Metering.Ledger.Sqlite;

/// <summary>
/// Verifies a ledger that no server has open, also one that no server would open: whatever can be read is looked at, and what
/// keeps it from being opened is a difference like any other. Nothing is changed, neither in the ledger nor beside it.
/// </summary>
public static class ClosedLedger
{
    /// <summary>Reads everything; see <see cref="ILedger.VerifyAsync(IProgress{VerificationProgress}?, CancellationToken)"/>.</summary>
    /// <param name="options">Where the ledger is, and how much of it is kept in memory at once.</param>
    /// <param name="progress">Told how far it came; null when nobody wants to know.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="StoreException">A server has it open, it may not be read, or it is of a newer program; nothing was verified.</exception>
    public static LedgerVerification Verify(
        SqliteStoreOptions options, IProgress<VerificationProgress>? progress, CancellationToken cancellationToken)
    {
        options.Check();
        string path = Path.GetFullPath(options.Path);
        using ClosedFile file = ClosedFile.Open(path);
        var findings = new Findings();
        LedgerVerification verification;
        try
        {
            verification = Verify(file.Database, options, findings, new VerificationCount(progress), cancellationToken);
        }
        catch (SqliteFault fault)
        {
            findings.Tell($"No server opens this ledger. {StoreFile.Explain(path, fault).Message}");
            verification = findings.Of(records: 0);
        }

        file.EnsureClosed();
        return verification;
    }

    private static LedgerVerification Verify(
        Database database, SqliteStoreOptions options, Findings findings, VerificationCount count, CancellationToken cancellationToken)
    {
        var pages = new PageVerification(database, findings);
        if (!pages.Identify())
            return findings.Of(records: 0);
        count.Begin("pages of the file", 0);
        pages.Check(cancellationToken);
        var archives = new ArchiveFolder(database.Path);
        count.Begin("what a server reads at its start", 0);
        using IndexVerification indexed = new OpeningVerification(database, archives, findings).Run(cancellationToken);
        return new Verification(database, indexed, archives, options, findings, count, reading: null).Run(cancellationToken);
    }
}
