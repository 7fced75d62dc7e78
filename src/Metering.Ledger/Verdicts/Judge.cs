namespace Metering.Ledger;

/// <summary>
/// The order of the verdicts, here and nowhere else. Rules 1 to 3 and 5 to 7 need only the record, the catalog and
/// the clock: <see cref="Examine"/>. Rule 4 needs the ledger, which then calls <see cref="Decide"/>.
/// </summary>
public static class Judge
{
    private const long MinimumSeconds = -62_135_596_800; // 0001-01-01T00:00:00Z, protobuf's first
    private const long SecondsInAnInt64 = long.MaxValue / 1_000_000_000; // beyond it, a time is before or after every reading of the clock
    private const long MaximumSeconds = 253_402_300_799; // 9999-12-31T23:59:59Z, protobuf's last

    /// <summary>Finds the first broken rule before and the first broken rule after the question of duplicates.</summary>
    /// <param name="record">The record; its uuid and SKU were looked up before.</param>
    /// <param name="uuidIsValid">Whether the uuid has the one accepted form.</param>
    /// <param name="sku">The SKU, or null when unknown.</param>
    /// <param name="product">The product that the request is about, or null when it is unknown or not metered this way.</param>
    /// <param name="window">The acceptance window at the request's reading of the clock.</param>
    public static void Examine(ref UsageRecord record, bool uuidIsValid, SkuEntry? sku, ProductEntry? product, in AcceptanceWindow window)
    {
        record.BeforeDuplicate =
            !uuidIsValid ? Verdict.InvalidId
            : sku is null || !sku.IsActive ? Verdict.InvalidSkuId
            : product is null || !product.IsActive || sku.Product != product ? Verdict.InvalidProductId
            : Verdict.Accepted;

        // A time that protobuf cannot express has no age, so it is never EXPIRED.
        bool isTime = HasTime(record);
        record.AfterDuplicate =
            isTime && IsBefore(record, window.OldestUnixNanoseconds) ? Verdict.Expired
            : !isTime || IsAfter(record, window.LatestUnixNanoseconds) ? Verdict.InvalidTimestamp
            : record.Quantity <= 0 ? Verdict.InvalidQuantity
            : Verdict.Accepted;
    }

    /// <summary>Whether the record has a timestamp that protobuf can express.</summary>
    public static bool HasTime(in UsageRecord record) => record.HasTimestamp
        && record.TimestampSeconds is >= MinimumSeconds and <= MaximumSeconds
        && record.TimestampNanoseconds is >= 0 and < 1_000_000_000;

    /// <summary>Whether the verdict depends on the ledger at all.</summary>
    public static bool NeedsLookup(in UsageRecord record) => record.BeforeDuplicate == Verdict.Accepted;

    /// <summary>The verdict, once the ledger knows whether the uuid was counted before.</summary>
    public static Verdict Decide(in UsageRecord record, bool isCounted) =>
        record.BeforeDuplicate != Verdict.Accepted ? record.BeforeDuplicate
        : isCounted ? Verdict.Duplicate
        : record.AfterDuplicate;

    private static bool IsBefore(in UsageRecord record, long unixNanoseconds) =>
        Compare(record, unixNanoseconds) < 0;

    private static bool IsAfter(in UsageRecord record, long unixNanoseconds) =>
        Compare(record, unixNanoseconds) > 0;

    // Seconds first: a protobuf timestamp in nanoseconds does not fit into 64 bits.
    private static int Compare(in UsageRecord record, long unixNanoseconds)
    {
        if (record.TimestampSeconds is > -SecondsInAnInt64 and < SecondsInAnInt64)
            return record.TimestampUnixNanoseconds.CompareTo(unixNanoseconds);
        return record.TimestampSeconds < 0 ? -1 : 1;
    }
}
