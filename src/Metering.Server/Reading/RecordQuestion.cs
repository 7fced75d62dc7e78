using Metering.Ledger;

namespace Metering.Server;

/// <summary>Which records are asked for. An empty filter lets everything pass; times are those of the records themselves.</summary>
/// <param name="ProductId">The product.</param>
/// <param name="InstanceId">The product instance.</param>
/// <param name="BillingAccountId">The billing account.</param>
/// <param name="SkuId">The SKU.</param>
/// <param name="From">First moment, in nanoseconds since 1970; null for any.</param>
/// <param name="To">Moment after the last; null for any.</param>
public sealed record RecordQuestion(string ProductId, string InstanceId, string BillingAccountId, string SkuId, long? From, long? To)
{
    // A record's timestamp is at most so far from the moment of its acceptance, whatever window was configured then.
    private static readonly long Reach = Limits.AcceptanceWindowMaximum.Ticks * 100;

    private static readonly long Disorder = Limits.AcceptanceDisorder.Ticks * 100;

    /// <summary>Nothing is left out.</summary>
    public static readonly RecordQuestion Everything = new(string.Empty, string.Empty, string.Empty, string.Empty, null, null);

    /// <summary>No record that was accepted before this moment is asked for; null when any may be.</summary>
    public long? AcceptedFrom => From is { } from ? Clamped((Int128)from - Reach) : null;

    /// <summary>Whether a record's own timestamp is asked for.</summary>
    public bool IncludesMoment(long unixNanoseconds) => !(unixNanoseconds < From) && !(unixNanoseconds >= To);

    /// <summary>Whether a series is asked for.</summary>
    public bool Includes(RecordSeries series) =>
        Passes(ProductId, series.ProductId) && Passes(InstanceId, series.InstanceId)
        && Passes(BillingAccountId, series.BillingAccountId) && Passes(SkuId, series.SkuId);

    /// <summary>
    /// Whether everything that is asked for was accepted before this moment by far, so that nothing of it comes any more unless
    /// the clock is set back.
    /// </summary>
    public bool EndsBefore(long acceptedUnixNanoseconds) =>
        To is { } to && acceptedUnixNanoseconds > (Int128)to + Reach + Disorder;

    private static bool Passes(string filter, string value) => filter.Length == 0 || string.Equals(filter, value, StringComparison.Ordinal);

    private static long Clamped(Int128 moment) => (long)Int128.Clamp(moment, long.MinValue, long.MaxValue);
}
