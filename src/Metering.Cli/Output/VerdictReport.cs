using Metering.Client;
using Yandex.Cloud.Marketplace.Metering.V1;
using Reason = Yandex.Cloud.Marketplace.Metering.V1.RejectedUsageRecord.Types.Reason;

namespace Metering.Cli;

/// <summary>How a write ended.</summary>
/// <param name="Counts">The verdicts, counted.</param>
/// <param name="Skipped">Lines that were no records.</param>
/// <param name="IsDryRun">Nothing was recorded.</param>
/// <param name="Fault">Why it ended before its end, in words; null when it did not.</param>
internal sealed record WriteEnd(WriteProgress Counts, long Skipped, bool IsDryRun, string? Fault);

/// <summary>Shows the verdicts of a write: each as it comes, and all of them at the end.</summary>
internal interface IVerdictReport
{
    /// <summary>One verdict, in the order of the records.</summary>
    void Add(in RecordVerdict verdict);

    /// <summary>No more verdicts.</summary>
    void Finish(WriteEnd end);
}

/// <summary>The names of verdicts.</summary>
internal static class VerdictNames
{
    /// <summary>ACCEPTED, DELIVERED_BY_RETRY, FAILED, or the reason as the wire spells it.</summary>
    public static string Name(this in RecordVerdict verdict) => verdict.Outcome switch
    {
        WriteOutcome.Accepted => "ACCEPTED",
        WriteOutcome.DeliveredByRetry => "DELIVERED_BY_RETRY",
        WriteOutcome.Failed => "FAILED",
        _ => Name(verdict.Reason),
    };

    /// <summary>Good for what is counted, bad for what is not.</summary>
    public static Shade Shade(this in RecordVerdict verdict) =>
        verdict.Outcome is WriteOutcome.Accepted or WriteOutcome.DeliveredByRetry ? Cli.Shade.Good : Cli.Shade.Bad;

    /// <summary>RFC 3339, to the nanosecond if need be.</summary>
    public static string Time(this UsageRecord record) => record.Timestamp.ToString().Trim('"');

    private static string Name(Reason reason) => reason switch
    {
        Reason.Duplicate => "DUPLICATE",
        Reason.Expired => "EXPIRED",
        Reason.InvalidTimestamp => "INVALID_TIMESTAMP",
        Reason.InvalidSkuId => "INVALID_SKU_ID",
        Reason.InvalidProductId => "INVALID_PRODUCT_ID",
        Reason.InvalidQuantity => "INVALID_QUANTITY",
        Reason.InvalidId => "INVALID_ID",
        _ => $"REASON_{(int)reason}",
    };
}
