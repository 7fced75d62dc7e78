namespace Metering.Ledger;

/// <summary>Where a text stands in <see cref="UsageWrite.Payload"/>: UTF-8, so that nothing is copied to echo it.</summary>
/// <param name="Start">Offset, in bytes.</param>
/// <param name="Length">Length, in bytes.</param>
public readonly record struct TextSlice(int Start, int Length);

/// <summary>
/// One usage record on its way through the path. Wire fills the first part, validate the second, the ledger the
/// verdict. A struct in a reused array: a record costs no allocation.
/// </summary>
public struct UsageRecord
{
    // --- as received (wire) ---

    /// <summary>The uuid's spelling, echoed in the answer.</summary>
    public TextSlice UuidText;

    /// <summary>The SKU's id.</summary>
    public TextSlice SkuText;

    /// <summary>Amount, in the SKU's usage unit.</summary>
    public long Quantity;

    /// <summary>Whether the record had a timestamp at all.</summary>
    public bool HasTimestamp;

    /// <summary>Timestamp, seconds since 1970-01-01T00:00:00Z, as received: any value.</summary>
    public long TimestampSeconds;

    /// <summary>Timestamp, nanoseconds of the second, as received: any value.</summary>
    public int TimestampNanoseconds;

    // --- as understood (validate) ---

    /// <summary>The uuid's value; meaningful when <see cref="BeforeDuplicate"/> is not <see cref="Verdict.InvalidId"/>.</summary>
    public UInt128 Uuid;

    /// <summary>The catalog's number of the SKU; 0 when unknown.</summary>
    public int SkuKey;

    /// <summary>First broken rule that comes before DUPLICATE; else <see cref="Verdict.Accepted"/>.</summary>
    public Verdict BeforeDuplicate;

    /// <summary>First broken rule that comes after DUPLICATE; else <see cref="Verdict.Accepted"/>.</summary>
    public Verdict AfterDuplicate;

    // --- as judged (ledger) ---

    /// <summary>What became of the record; meaningful once the ledger answered <see cref="LedgerAnswer.Committed"/>.</summary>
    public Verdict Verdict;

    /// <summary>Timestamp in nanoseconds since 1970-01-01T00:00:00Z; only for a record that passed the window's rules.</summary>
    public readonly long TimestampUnixNanoseconds => (TimestampSeconds * 1_000_000_000) + TimestampNanoseconds;
}
