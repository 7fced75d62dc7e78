namespace Metering.Ledger;

/// <summary>What the ledger says of a whole request.</summary>
public enum LedgerAnswer : byte
{
    /// <summary>Every verdict is set; what is accepted is durable, what is DUPLICATE was durable before the answer.</summary>
    Committed,

    /// <summary>The queue is full: nothing was judged. RESOURCE_EXHAUSTED.</summary>
    QueueFull,

    /// <summary>No space left: nothing was counted. UNAVAILABLE.</summary>
    StorageFull,

    /// <summary>The store failed; the records may or may not be counted. UNAVAILABLE; the server stops if <see cref="ILedger.Failure"/> says so.</summary>
    OutcomeUnknown,

    /// <summary>The ledger is closing: nothing was judged. UNAVAILABLE.</summary>
    Closing,

    /// <summary>The database is away: nothing was counted. UNAVAILABLE, until it is back.</summary>
    Unreachable,
}

/// <summary>
/// The durable, deduplicating record of usage: durable, once, complete, honest (docs/guarantees.md). One implementation
/// per store; all give the same verdicts, because the order of the rules is <see cref="Judge"/>'s alone.
/// </summary>
public interface ILedger
{
    /// <summary>Latest reading of the clock that the ledger remembers, nanoseconds since 1970-01-01T00:00:00Z; 0 when new.</summary>
    long HighWaterUnixNanoseconds { get; }

    /// <summary>Completes when the ledger met a fault that it must not outlive; the value says what happened.</summary>
    Task<string> Failure { get; }

    /// <summary>Why nothing can be counted at the moment, in words; null while all is well. Unlike <see cref="Failure"/> it may pass.</summary>
    string? Outage { get; }

    /// <summary>
    /// Judges the examined records of <paramref name="write"/> and, unless it is a dry run, counts the accepted ones.
    /// Takes no cancellation token: once handed over, a request is carried to its end.
    /// </summary>
    ValueTask<LedgerAnswer> WriteAsync(UsageWrite write);

    /// <summary>
    /// Takes another reading of the clock as the latest, durably: an operator's decision that what the ledger saw was wrong.
    /// </summary>
    Task SetHighWaterAsync(long unixNanoseconds);

    /// <summary>Hourly totals, sorted by owner, SKU and hour, of one consistent state.</summary>
    IAsyncEnumerable<HourTotal> ReadTotalsAsync(HourRange range, CancellationToken cancellationToken);

    /// <summary>Hourly counts of rejected records, sorted by owner, reason and hour, of one consistent state.</summary>
    IAsyncEnumerable<HourRejections> ReadRejectionsAsync(HourRange range, CancellationToken cancellationToken);

    /// <summary>
    /// Accepted records of one consistent state, in an order of the store's own, each checked against its checksum if it has
    /// one: those that were not archived. When some of them are archived meanwhile, the reading ends with an exception that
    /// says so.
    /// </summary>
    IAsyncEnumerable<CountedRecord> ReadRecordsAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Recomputes the totals from the records, those in archives included, and compares; so everything else that was made from
    /// the records, as an index or totals of days, and every checksum. The first differences are listed.
    /// Of an archive whose file is not there, its totals are taken as the ledger keeps them.
    /// </summary>
    /// <param name="progress">Told, often and on any thread, how far it came; null when nobody wants to know.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<LedgerVerification> VerifyAsync(IProgress<VerificationProgress>? progress, CancellationToken cancellationToken);

    /// <summary>The same without telling how far it came.</summary>
    Task<LedgerVerification> VerifyAsync(CancellationToken cancellationToken) => VerifyAsync(null, cancellationToken);
}

/// <summary>A half-open range of hours since 1970-01-01T00:00:00Z.</summary>
/// <param name="FromHour">First hour.</param>
/// <param name="ToHour">Hour after the last.</param>
public readonly record struct HourRange(long FromHour, long ToHour)
{
    /// <summary>Length of an hour.</summary>
    public const long NanosecondsPerHour = 3_600_000_000_000;

    /// <summary>Every hour.</summary>
    public static readonly HourRange All = new(long.MinValue, long.MaxValue);

    /// <summary>Hours of a day of UTC.</summary>
    public const int HoursPerDay = 24;

    /// <summary>No hour.</summary>
    public static readonly HourRange Empty;

    /// <summary>Whether there is no hour in it.</summary>
    public bool IsEmpty => FromHour >= ToHour;

    /// <summary>The day of UTC that an hour lies in, counted from 1970-01-01.</summary>
    public static long DayOf(long hour) => (hour - (((hour % HoursPerDay) + HoursPerDay) % HoursPerDay)) / HoursPerDay;

    /// <summary>The hours of a day of UTC.</summary>
    public static HourRange OfDay(long day) => new(day * HoursPerDay, (day + 1) * HoursPerDay);

    /// <summary>The hours that lie in both.</summary>
    public HourRange And(HourRange other) => new(Math.Max(FromHour, other.FromHour), Math.Min(ToHour, other.ToHour));

    /// <summary>The hour that a moment falls into.</summary>
    public static long HourOf(long unixNanoseconds)
    {
        (long hour, long rest) = Math.DivRem(unixNanoseconds, NanosecondsPerHour);
        return rest < 0 ? hour - 1 : hour; // an hour begins at its start, before 1970 too
    }
}

/// <summary>Exact sum of the records of one owner, SKU and hour (of the records' timestamps).</summary>
public readonly record struct HourTotal(int OwnerKey, int SkuKey, long Hour, Int128 Quantity, long Records);

/// <summary>Rejected records of one owner, reason and hour (of the server's clock).</summary>
public readonly record struct HourRejections(int OwnerKey, Verdict Reason, long Hour, long Records);

/// <summary>A record that was accepted.</summary>
public readonly record struct CountedRecord(
    UInt128 Uuid, int OwnerKey, int SkuKey, long Quantity, long TimestampUnixNanoseconds, long AcceptedUnixNanoseconds, int AccountKey, Guid RequestId)
{
    /// <summary>It is in an archive whose file is not there: of the record, only the uuid is known. No accepted quantity is 0.</summary>
    public bool IsAway => Quantity == 0;
}

/// <summary>How far a verification came.</summary>
/// <param name="Checking">What it reads at the moment, in words.</param>
/// <param name="Done">How many of them it has read, over all passes.</param>
/// <param name="Of">How many there are; 0 when nobody knows.</param>
public readonly record struct VerificationProgress(string Checking, long Done, long Of);

/// <summary>What a verification found.</summary>
/// <param name="Records">Records read, those in archives included.</param>
/// <param name="Differences">Each difference in words; empty when the ledger is sound.</param>
public sealed record LedgerVerification(long Records, IReadOnlyList<string> Differences)
{
    /// <summary>Files of archives that are not there, so that their records were not read.</summary>
    public IReadOnlyList<string> AbsentArchives { get; init; } = [];
}
