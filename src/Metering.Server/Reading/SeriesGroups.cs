using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// Tells to which series of a question the ledger's numbers belong, and to none when the question or its caller's scope leaves
/// them out: found out once for each pair of numbers, with the names that the catalog gives, retired ones included.
/// </summary>
/// <remarks>
/// Names come from the catalog in force when a total is read, not when the question came: a SKU that was declared in between
/// may have totals already. Nothing is ever deleted and no name changes, so that the newest catalog knows every number.
/// </remarks>
public sealed class SeriesGroups(UsageQuestion question, ReadScope scope, CatalogHolder catalog)
{
    private const int None = -1;

    private readonly Dictionary<(int Owner, int Sku), int> _groups = [];
    private readonly Dictionary<UsageSeries, int> _places = [];
    private readonly List<UsageSeries> _series = [];
    private int[] _ranks = [];

    /// <summary>Whether usage of an owner and a SKU is asked for.</summary>
    public bool Covers(int ownerKey, int skuKey) => GroupOf(ownerKey, skuKey) != None;

    /// <summary>The number of a series; below 0 for what is not asked for.</summary>
    public int GroupOf(int ownerKey, int skuKey)
    {
        if (!_groups.TryGetValue((ownerKey, skuKey), out int group))
            _groups.Add((ownerKey, skuKey), group = Find(ownerKey, skuKey, catalog.Current));
        return group;
    }

    /// <summary>The series of a number.</summary>
    public UsageSeries SeriesOf(int group) => _series[group];

    /// <summary>The numbers' places in the order of their series, as far as they were given.</summary>
    public ReadOnlySpan<int> Ranks()
    {
        if (_ranks.Length != _series.Count)
        {
            int[] order = [.. Enumerable.Range(0, _series.Count)];
            Array.Sort([.. _series], order);
            _ranks = new int[order.Length];
            for (int rank = 0; rank < order.Length; rank++)
                _ranks[order[rank]] = rank;
        }

        return _ranks;
    }

    /// <summary>The only owners that can be asked for, ascending; null when any may be.</summary>
    public IReadOnlyList<int>? Owners()
    {
        UsageFilter filter = question.Filter;
        if (filter.InstanceId.Length == 0 && filter.BillingAccountId.Length == 0 && scope.CustomerId is null)
            return null;
        return
        [
            .. catalog.Current.Stored.Objects
                .Where(stored => stored.Object switch
                {
                    ProductInstance instance => IsOwner(instance.Id, instance.CustomerId),
                    Customer customer => IsOwner("", customer.Id),
                    _ => false,
                })
                .Select(stored => stored.Key)
                .Order(),
        ];

        bool IsOwner(string instanceId, string customerId) =>
            filter.PassesOwner(instanceId, customerId) && (scope.CustomerId is null || scope.CustomerId == customerId);
    }

    /// <summary>The ids of an owner's instance (empty for image products) and billing account.</summary>
    public static (string InstanceId, string BillingAccountId) OwnerOf(int ownerKey, CatalogSnapshot catalog) =>
        catalog.InstanceByKey(ownerKey) is { } instance ? (instance.Instance.Id, instance.Customer.Customer.Id)
        : catalog.CustomerByKey(ownerKey) is { } customer ? ("", customer.Customer.Id)
        : throw new InvalidOperationException($"The ledger counts usage for owner number {ownerKey}, whom the catalog does not know.");

    private int Find(int ownerKey, int skuKey, CatalogSnapshot current)
    {
        if (!scope.Covers(ownerKey, skuKey, current))
            return None;
        SkuEntry sku = current.SkuByKey(skuKey)
            ?? throw new InvalidOperationException($"The ledger holds totals of SKU number {skuKey}, which the catalog does not know.");
        (string instanceId, string billingAccountId) = OwnerOf(ownerKey, current);
        string productId = sku.Product.Product.Id;
        UsageFilter filter = question.Filter;
        if (!filter.PassesProduct(productId) || !filter.PassesOwner(instanceId, billingAccountId) || !filter.PassesSku(sku.Value.Id))
            return None;
        UsageDimensions by = question.GroupBy;
        var series = new UsageSeries(
            by.HasFlag(UsageDimensions.Product) ? productId : "",
            by.HasFlag(UsageDimensions.Instance) ? instanceId : "",
            by.HasFlag(UsageDimensions.BillingAccount) ? billingAccountId : "",
            by.HasFlag(UsageDimensions.Sku) ? sku.Value.Id : "",
            sku.Value.Unit);
        if (!_places.TryGetValue(series, out int place))
        {
            _places.Add(series, place = _series.Count);
            _series.Add(series);
        }

        return place;
    }
}
