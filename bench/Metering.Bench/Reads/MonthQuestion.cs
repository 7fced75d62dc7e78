using Google.Protobuf.WellKnownTypes;
using Metering.Contracts.V1;
using Metering.Ledger;
using Metering.Server;

namespace Metering.Bench;

/// <summary>A question about a month of usage.</summary>
/// <param name="Name">What is asked, for the table.</param>
/// <param name="Asked">The question.</param>
/// <param name="PageTotals">Totals on a page.</param>
internal sealed record MonthQuestion(string Name, UsageQuestion Asked, int PageTotals)
{
    /// <summary>Pages that are asked for; the first alone, where an answer has one.</summary>
    public const int Pages = 3;

    private const int SecondsPerHour = 3600;

    /// <summary>The questions whose answers must come within the bound.</summary>
    /// <param name="now">The month ends with the day of this moment.</param>
    public static IReadOnlyList<MonthQuestion> All(DateTimeOffset now)
    {
        long end = (HourRange.DayOf(HourRange.HourOf(MeteringClock.ToUnixNanoseconds(now))) + 1) * HourRange.HoursPerDay;
        var range = new HourRange(end - (MonthOfUsage.Days * HourRange.HoursPerDay), end);
        if (!UsageZone.TryFind("Europe/Moscow", out UsageZone moscow))
            throw new BenchException("This machine knows no time zone Europe/Moscow: install tzdata.");
        MonthQuestion Ask(string name, UsageWindow window, UsageDimensions by, UsageZone? zone = null, string customer = "", int page = Limits.PageRecords) =>
            new(name, new UsageQuestion(range, window, zone ?? UsageZone.Utc, by, new UsageFilter(BillingAccountId: customer)), page);
        const UsageDimensions customerAndSku = UsageDimensions.BillingAccount | UsageDimensions.Sku;
        return
        [
            Ask("one total a series", UsageWindow.All, UsageDimensions.All),
            Ask("one total a billing account", UsageWindow.All, UsageDimensions.BillingAccount),
            Ask("one total a SKU", UsageWindow.All, UsageDimensions.Sku),
            Ask("days by SKU", UsageWindow.Day, UsageDimensions.Sku),
            Ask("days by SKU, Europe/Moscow", UsageWindow.Day, UsageDimensions.Sku, moscow),
            Ask("days by series, a page of 10,000", UsageWindow.Day, UsageDimensions.All),
            Ask("months by SKU, Europe/Moscow", UsageWindow.Month, UsageDimensions.Sku, moscow),
            Ask("months by account and SKU, Europe/Moscow", UsageWindow.Month, customerAndSku, moscow),
            Ask("hours by SKU, a page of 1,000", UsageWindow.Hour, UsageDimensions.Sku, page: Limits.PageRecordsDefault),
            Ask("hours by series, a page of 10,000", UsageWindow.Hour, UsageDimensions.All),
            Ask("hours of one billing account, a page of 1,000", UsageWindow.Hour, UsageDimensions.All, null, MonthCatalog.FirstCustomer, Limits.PageRecordsDefault),
        ];
    }

    /// <summary>The same over the wire.</summary>
    public QueryUsageRequest ToRequest() => new()
    {
        From = new Timestamp { Seconds = Asked.Range.FromHour * SecondsPerHour },
        To = new Timestamp { Seconds = Asked.Range.ToHour * SecondsPerHour },
        Window = Asked.Window switch
        {
            UsageWindow.All => QueryUsageRequest.Types.Window.All,
            UsageWindow.Hour => QueryUsageRequest.Types.Window.Hour,
            UsageWindow.Day => QueryUsageRequest.Types.Window.Day,
            _ => QueryUsageRequest.Types.Window.Month,
        },
        GroupBy = { Dimensions() },
        BillingAccountId = Asked.Filter.BillingAccountId,
        TimeZone = Asked.Zone.Name,
        PageSize = PageTotals,
    };

    private IEnumerable<QueryUsageRequest.Types.Dimension> Dimensions()
    {
        if (Asked.GroupBy.HasFlag(UsageDimensions.Product))
            yield return QueryUsageRequest.Types.Dimension.Product;
        if (Asked.GroupBy.HasFlag(UsageDimensions.Instance))
            yield return QueryUsageRequest.Types.Dimension.ProductInstance;
        if (Asked.GroupBy.HasFlag(UsageDimensions.BillingAccount))
            yield return QueryUsageRequest.Types.Dimension.BillingAccount;
        if (Asked.GroupBy.HasFlag(UsageDimensions.Sku))
            yield return QueryUsageRequest.Types.Dimension.Sku;
    }
}
