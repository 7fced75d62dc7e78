namespace Metering.Server;

/// <summary>Which ledger is moved, and where to.</summary>
/// <param name="From">A data directory with a ledger, or the ledger's file.</param>
/// <param name="To">Connection string of the database. May hold a password.</param>
public sealed record MigrationOptions(string From, string To)
{
    /// <summary>Begins the source's place, as people write it.</summary>
    public const string SourcePrefix = ServerOptions.EmbeddedStore + ":";

    /// <summary>Begins the target's place, as people write it.</summary>
    public const string TargetPrefix = ServerOptions.PostgresPrefix;

    /// <summary>Moves into a database that may forget commits that it confirmed.</summary>
    public bool AllowUnsafeCommit { get; init; }

    /// <summary>Most records that are in one transaction, unless one batch alone has more.</summary>
    internal int TransactionRecords { get; init; } = 50_000;

    /// <summary>The ledger's file.</summary>
    /// <exception cref="StartException">There is none.</exception>
    internal string LedgerFile
    {
        get
        {
            string file = DataDirectory.LedgerAt(From);
            return File.Exists(file) ? file : throw new StartException(
                $"There is no ledger to move at {file}. Name the data directory of a server, or the file of a ledger, with --from {SourcePrefix}PATH.");
        }
    }
}
