using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Metering.Contracts.V1;
using Dimension = Metering.Contracts.V1.QueryUsageRequest.Types.Dimension;
using Window = Metering.Contracts.V1.QueryUsageRequest.Types.Window;

namespace Metering.Cli;

/// <summary>A column of a report of totals.</summary>
internal sealed record UsageField(string Title, string CsvName, string JsonName, Func<UsageTotal, string> Read)
{
    /// <summary>The window, if there are several.</summary>
    public static UsageField? WindowOf(QueryUsageRequest request, TimeZoneInfo zone) => request.Window switch
    {
        Window.Hour => new UsageField("hour", "window_start", "windowStart", total => HourOf(total.WindowStart, zone)),
        Window.Day => new UsageField("day", "window_start", "windowStart", total => TextOf(total.WindowStart, zone, "yyyy-MM-dd")),
        Window.Month => new UsageField("month", "window_start", "windowStart", total => TextOf(total.WindowStart, zone, "yyyy-MM")),
        _ => null,
    };

    /// <summary>What was grouped by.</summary>
    public static IEnumerable<UsageField> DimensionsOf(QueryUsageRequest request) => request.GroupBy.Select(dimension => dimension switch
    {
        Dimension.Product => new UsageField("product", "product_id", "productId", total => total.ProductId),
        Dimension.ProductInstance => new UsageField("instance", "product_instance_id", "productInstanceId", total => total.ProductInstanceId),
        Dimension.BillingAccount => new UsageField("billing account", "billing_account_id", "billingAccountId", total => total.BillingAccountId),
        _ => new UsageField("sku", "sku_id", "skuId", total => total.SkuId),
    });

    private static string HourOf(Timestamp? start, TimeZoneInfo zone)
    {
        if (start is null)
            return string.Empty;
        TimeSpan offset = zone.GetUtcOffset(start.ToDateTime());
        return TextOf(start, zone, "yyyy-MM-dd'T'HH:mm") + (offset == TimeSpan.Zero ? "Z" : ZonedTime.TextOf(offset));
    }

    private static string TextOf(Timestamp? start, TimeZoneInfo zone, string form) =>
        start is null ? string.Empty : TimeZoneInfo.ConvertTimeFromUtc(start.ToDateTime(), zone).ToString(form, CultureInfo.InvariantCulture);
}
