namespace Metering.Server;

/// <summary>What a migration is doing.</summary>
public enum MovePhase
{
    /// <summary>Records are moved.</summary>
    Moving,

    /// <summary>Totals, rejections, catalog and credentials are moved.</summary>
    Furnishing,

    /// <summary>Each record is read back and compared.</summary>
    Comparing,

    /// <summary>Totals are compared with each other, and in the database with the records.</summary>
    Proving,
}

/// <summary>How far a migration is.</summary>
/// <param name="Phase">What it is doing.</param>
/// <param name="Records">Records that are done with, those of runs before included.</param>
/// <param name="Total">Records in all.</param>
public readonly record struct MoveProgress(MovePhase Phase, long Records, long Total);

/// <summary>What a migration did and found.</summary>
/// <param name="Ledger">The ledger's number.</param>
/// <param name="Place">Where it is now; no password.</param>
/// <param name="Records">Records of the ledger, each of them compared.</param>
/// <param name="Moved">Those that this run moved; the others were there.</param>
public sealed record MoveReport(Guid Ledger, string Place, long Records, long Moved)
{
    /// <summary>The move was complete before, and nothing was done.</summary>
    public bool WasComplete { get; init; }

    /// <summary>Hourly totals.</summary>
    public long Totals { get; init; }

    /// <summary>Hourly counts of rejected records.</summary>
    public long Rejections { get; init; }

    /// <summary>Rejected records that are kept.</summary>
    public long RejectedRecords { get; init; }

    /// <summary>Places in the feed under names.</summary>
    public int Consumers { get; init; }

    /// <summary>Objects of the catalog, retired ones included.</summary>
    public int CatalogObjects { get; init; }

    /// <summary>Keys that tokens are signed with.</summary>
    public int SigningKeys { get; init; }

    /// <summary>Revoked tokens.</summary>
    public int Revocations { get; init; }

    /// <summary>The admin token came along.</summary>
    public bool HasAdminToken { get; init; }

    /// <summary>What is not the same here and there, in words, the first of them; when there is any, the target stays closed.</summary>
    public IReadOnlyList<string> Differences { get; init; } = [];
}

/// <summary>A migration ended before its end; started again, it goes on. The message says what happened, where and what to do.</summary>
public sealed class MoveBrokenException(string message, Exception cause) : Exception(message, cause);
