using Metering.Ledger;

namespace Metering.Server;

/// <summary>Length of the windows that totals are summed by.</summary>
public enum UsageWindow
{
    /// <summary>The whole range.</summary>
    All,

    /// <summary>An hour.</summary>
    Hour,

    /// <summary>A day of the time zone.</summary>
    Day,

    /// <summary>A calendar month of the time zone.</summary>
    Month,
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

/// <summary>Which usage is meant. An empty filter lets everything pass.</summary>
public sealed record UsageFilter(string ProductId = "", string InstanceId = "", string BillingAccountId = "", string SkuId = "")
{
    /// <summary>Whether the id of an owner's instance and that of its billing account pass.</summary>
    public bool PassesOwner(string instanceId, string billingAccountId) =>
        Passes(InstanceId, instanceId) && Passes(BillingAccountId, billingAccountId);

    /// <summary>Whether a product's id passes.</summary>
    public bool PassesProduct(string productId) => Passes(ProductId, productId);

    /// <summary>Whether a SKU's id passes.</summary>
    public bool PassesSku(string skuId) => Passes(SkuId, skuId);

    private static bool Passes(string filter, string value) => filter.Length == 0 || string.Equals(filter, value, StringComparison.Ordinal);
}

/// <summary>A question about totals.</summary>
/// <param name="Range">The hours of UTC that are meant; open ends are those of <see cref="HourRange.All"/>.</param>
/// <param name="Window">What they are summed by.</param>
/// <param name="Zone">Where windows begin.</param>
/// <param name="GroupBy">What tells series apart, beside the unit.</param>
/// <param name="Filter">Which usage.</param>
public sealed record UsageQuestion(HourRange Range, UsageWindow Window, UsageZone Zone, UsageDimensions GroupBy, UsageFilter Filter);

/// <summary>A series of totals; texts that were not grouped by are empty.</summary>
public readonly record struct UsageSeries(string ProductId, string InstanceId, string BillingAccountId, string SkuId, string Unit)
    : IComparable<UsageSeries>
{
    /// <summary>By product, instance, billing account, SKU and unit.</summary>
    public int CompareTo(UsageSeries other)
    {
        int order = string.CompareOrdinal(ProductId, other.ProductId);
        if (order == 0)
            order = string.CompareOrdinal(InstanceId, other.InstanceId);
        if (order == 0)
            order = string.CompareOrdinal(BillingAccountId, other.BillingAccountId);
        if (order == 0)
            order = string.CompareOrdinal(SkuId, other.SkuId);
        return order != 0 ? order : string.CompareOrdinal(Unit, other.Unit);
    }
}

/// <summary>An exact sum of a series in a window.</summary>
public readonly record struct UsageSum(HourRange Window, UsageSeries Series, Int128 Quantity, long Records);
