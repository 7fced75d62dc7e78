namespace Metering.Ledger;

/// <summary>
/// Every limit of the product, with its unit, in one place. The wire contract's own limits come from the published
/// protocol and never change; the others are defaults or bounds of options. <see cref="Check"/> runs at start.
/// </summary>
public static class Limits
{
    // --- the wire contract ---

    /// <summary>Most records in one Write request.</summary>
    public const int RecordsPerWrite = 25;

    /// <summary>Longest <c>product_id</c>, <c>product_instance_id</c>, <c>sku_id</c> and any other id, in characters.</summary>
    public const int IdCharacters = 50;

    /// <summary>Length of a record's uuid, in characters.</summary>
    public const int UuidCharacters = 36;

    /// <summary>Longest JWT that is exchanged for a token, in characters.</summary>
    public const int JwtCharacters = 8000;

    /// <summary>Longest OAuth token field, in characters.</summary>
    public const int OAuthTokenCharacters = 4000;

    /// <summary>Longest IAM token, in characters.</summary>
    public const int IamTokenCharacters = 4096;

    // --- messages ---

    /// <summary>Largest Write request message or body, in bytes.</summary>
    public const int WriteMessageBytes = 64 * 1024;

    /// <summary>Largest message of any other method, in bytes.</summary>
    public const int MessageBytes = 256 * 1024;

    /// <summary>Largest catalog document, in bytes.</summary>
    public const int CatalogBytes = 16 * 1024 * 1024;

    // --- time ---

    /// <summary>Age beyond which a record is EXPIRED, unless configured otherwise.</summary>
    public static readonly TimeSpan AcceptanceWindow = TimeSpan.FromHours(1);

    /// <summary>Lead beyond which a record's timestamp is INVALID_TIMESTAMP, unless configured otherwise.</summary>
    public static readonly TimeSpan FutureTolerance = TimeSpan.FromMinutes(1);

    /// <summary>Widest acceptance window that can be configured.</summary>
    public static readonly TimeSpan AcceptanceWindowMaximum = TimeSpan.FromDays(366);

    /// <summary>Clock difference that a client's JWT may show.</summary>
    public static readonly TimeSpan JwtSkew = TimeSpan.FromSeconds(30);

    /// <summary>Longest time between a client JWT's <c>iat</c> and <c>exp</c>.</summary>
    public static readonly TimeSpan JwtLifetime = TimeSpan.FromHours(1);

    /// <summary>Lifetime of an IAM token, unless configured otherwise.</summary>
    public static readonly TimeSpan IamTokenLifetime = TimeSpan.FromHours(12);

    /// <summary>Shortest lifetime of an IAM token that can be configured.</summary>
    public static readonly TimeSpan IamTokenLifetimeMinimum = TimeSpan.FromHours(1);

    /// <summary>Longest lifetime of an IAM token that can be configured.</summary>
    public static readonly TimeSpan IamTokenLifetimeMaximum = TimeSpan.FromDays(7);

    /// <summary>How far the clock may stand behind the ledger's high-water mark at start before it is refused.</summary>
    public static readonly TimeSpan ClockBehindTolerance = TimeSpan.FromMinutes(5);

    /// <summary>Time that requests in flight have to finish after SIGTERM.</summary>
    public static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(25);

    // --- queues and memory ---

    /// <summary>Most Write requests that wait for the ledger; one more is RESOURCE_EXHAUSTED.</summary>
    public const int LedgerQueueRequests = 16 * 1024;

    /// <summary>Most Write requests in one group commit.</summary>
    public const int GroupCommitRequests = 4 * 1024;

    /// <summary>Most verified tokens that are remembered.</summary>
    public const int VerifiedTokens = 100_000;

    /// <summary>Free space on the data directory's disk below which writes are refused, in bytes.</summary>
    public const long FreeDiskBytes = 64L * 1024 * 1024;

    /// <summary>Throws when two limits contradict each other: a programming error, caught at start.</summary>
    public static void Check()
    {
        Require(RecordsPerWrite * (UuidCharacters + IdCharacters + 40) < WriteMessageBytes, "a full Write fits into its message");
        Require(JwtCharacters < MessageBytes, "a JWT fits into a message");
        Require(IamTokenCharacters < MessageBytes, "an IAM token fits into a message");
        Require(GroupCommitRequests <= LedgerQueueRequests, "a group commit is never larger than the queue");
        Require(IamTokenLifetimeMinimum <= IamTokenLifetime, "the default token lifetime is allowed");
        Require(AcceptanceWindow <= AcceptanceWindowMaximum, "the default acceptance window is allowed");
        Require(FutureTolerance < AcceptanceWindow, "the future tolerance is smaller than the window");
    }

    private static void Require(bool holds, string relation)
    {
        if (!holds)
            throw new InvalidOperationException($"Limits contradict each other: {relation} does not hold.");
    }
}
