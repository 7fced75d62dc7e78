using Metering.Ledger;

namespace Metering.Server;

/// <summary>Length of the windows that totals are summed by.</summary>
public enum UsageWindow
{
    /// <summary>The whole range.</summary>
    All,

    /// <summary>An hour.</summary>
    Hour,

    /// <summary>A day of UTC.</summary>
    Day,
}

/// <summary>What tells series of totals apart.</summary>
[Flags]
public enum UsageDimensions
{
    /// <summary>Nothing but the unit.</summary>
    None = 0,

    /// <summary>The product.</summary>
    Product = 1,

    /// <summary>The product instance.</summary>
    Instance = 2,

    /// <summary>The billing account.</summary>
    BillingAccount = 4,

    /// <summary>The SKU.</summary>
    Sku = 8,

    /// <summary>All of them.</summary>
    All = Product | Instance | BillingAccount | Sku,
}

/// <summary>A question about totals. An empty filter lets everything pass.</summary>
public sealed record UsageQuestion(
    HourRange Range, UsageWindow Window, UsageDimensions GroupBy, string ProductId, string InstanceId, string BillingAccountId, string SkuId);

/// <summary>A series' place in a report; texts that were not grouped by are empty.</summary>
public readonly record struct UsageSeries(
    long WindowStartHour, string ProductId, string InstanceId, string BillingAccountId, string SkuId, string Unit);

/// <summary>An exact sum.</summary>
public readonly record struct UsageSum(Int128 Quantity, long Records);

/// <summary>Rejected records of an owner, by reason.</summary>
public readonly record struct RejectionSeries(string InstanceId, string BillingAccountId, Verdict Reason);

/// <summary>Totals by series, with the names that the catalog gives to the ledger's numbers, retired ones included.</summary>
public sealed class UsageReport
{
    private readonly SortedDictionary<UsageSeries, UsageSum> _totals = new(Comparer<UsageSeries>.Create(Compare));
    private readonly Dictionary<RejectionSeries, long> _rejections = [];

    private UsageReport()
    {
    }

    /// <summary>Sums, by window and then by name.</summary>
    public IReadOnlyDictionary<UsageSeries, UsageSum> Totals => _totals;

    /// <summary>Counts of rejected records.</summary>
    public IReadOnlyDictionary<RejectionSeries, long> Rejections => _rejections;

    /// <summary>Reads the ledger once and sums up.</summary>
    /// <remarks>
    /// Names come from the catalog in force when a total is read, not when the question came: a SKU that was declared in between
    /// may have totals already. Nothing is ever deleted and no name changes, so that the newest catalog knows every number.
    /// </remarks>
    public static async Task<UsageReport> MakeAsync(
        UsageQuestion question, ReadScope scope, ILedger ledger, CatalogHolder catalog, CancellationToken cancellationToken)
    {
        var report = new UsageReport();
        await foreach (HourTotal total in ledger.ReadTotalsAsync(question.Range, cancellationToken))
            report.Add(total, question, scope, catalog.Current);
        await foreach (HourRejections rejections in ledger.ReadRejectionsAsync(question.Range, cancellationToken))
            report.Add(rejections, question, scope, catalog.Current);
        return report;
    }

    private void Add(HourTotal total, UsageQuestion question, ReadScope scope, CatalogSnapshot catalog)
    {
        if (!scope.Covers(total.OwnerKey, total.SkuKey, catalog))
            return;
        SkuEntry sku = catalog.SkuByKey(total.SkuKey)
            ?? throw new InvalidOperationException($"The ledger holds totals of SKU number {total.SkuKey}, which the catalog does not know.");
        (string instanceId, string billingAccountId) = OwnerOf(total.OwnerKey, catalog);
        string productId = sku.Product.Product.Id;
        if (!Passes(question.ProductId, productId) || !Passes(question.InstanceId, instanceId)
            || !Passes(question.BillingAccountId, billingAccountId) || !Passes(question.SkuId, sku.Value.Id))
        {
            return;
        }

        UsageDimensions by = question.GroupBy;
        var series = new UsageSeries(
            WindowStart(total.Hour, question.Window),
            by.HasFlag(UsageDimensions.Product) ? productId : "",
            by.HasFlag(UsageDimensions.Instance) ? instanceId : "",
            by.HasFlag(UsageDimensions.BillingAccount) ? billingAccountId : "",
            by.HasFlag(UsageDimensions.Sku) ? sku.Value.Id : "",
            sku.Value.Unit);
        UsageSum before = _totals.GetValueOrDefault(series);
        _totals[series] = new(checked(before.Quantity + total.Quantity), before.Records + total.Records);
    }

    private void Add(HourRejections rejections, UsageQuestion question, ReadScope scope, CatalogSnapshot catalog)
    {
        if (!scope.CoversOwner(rejections.OwnerKey, catalog))
            return;
        (string instanceId, string billingAccountId) = OwnerOf(rejections.OwnerKey, catalog);
        if (!Passes(question.InstanceId, instanceId) || !Passes(question.BillingAccountId, billingAccountId))
            return;
        var series = new RejectionSeries(instanceId, billingAccountId, rejections.Reason);
        _rejections[series] = _rejections.GetValueOrDefault(series) + rejections.Records;
    }

    private static (string InstanceId, string BillingAccountId) OwnerOf(int ownerKey, CatalogSnapshot catalog) =>
        catalog.InstanceByKey(ownerKey) is { } instance ? (instance.Instance.Id, instance.Customer.Customer.Id)
        : catalog.CustomerByKey(ownerKey) is { } customer ? ("", customer.Customer.Id)
        : throw new InvalidOperationException($"The ledger counts usage for owner number {ownerKey}, whom the catalog does not know.");

    private static bool Passes(string filter, string value) => filter.Length == 0 || string.Equals(filter, value, StringComparison.Ordinal);

    private static long WindowStart(long hour, UsageWindow window) => window switch
    {
        UsageWindow.Hour => hour,
        UsageWindow.Day => hour - (((hour % 24) + 24) % 24),
        _ => 0,
    };

    private static int Compare(UsageSeries left, UsageSeries right)
    {
        int order = left.WindowStartHour.CompareTo(right.WindowStartHour);
        if (order == 0)
            order = string.CompareOrdinal(left.ProductId, right.ProductId);
        if (order == 0)
            order = string.CompareOrdinal(left.InstanceId, right.InstanceId);
        if (order == 0)
            order = string.CompareOrdinal(left.BillingAccountId, right.BillingAccountId);
        if (order == 0)
            order = string.CompareOrdinal(left.SkuId, right.SkuId);
        return order != 0 ? order : string.CompareOrdinal(left.Unit, right.Unit);
    }
}
