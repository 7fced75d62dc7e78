using System.Runtime.InteropServices;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>Rejected records of an owner, by reason.</summary>
public readonly record struct RejectionSum(string InstanceId, string BillingAccountId, Verdict Reason, long Records);

/// <summary>Counts of rejected records, with the names that the catalog gives.</summary>
public static class RejectionTotals
{
    /// <summary>Reads them once and sums up, in the order of billing account, instance and reason.</summary>
    public static async Task<IReadOnlyList<RejectionSum>> MakeAsync(
        HourRange range, UsageFilter filter, ReadScope scope, ILedger ledger, CatalogHolder catalog, CancellationToken cancellationToken)
    {
        if (filter.SkuId.Length > 0)
            return []; // a rejected record may name any SKU, or none: they are not counted by it
        var sums = new Dictionary<(int Owner, Verdict Reason), long>();
        await foreach (HourRejections rejections in ledger.ReadRejectionsAsync(range, cancellationToken))
            CollectionsMarshal.GetValueRefOrAddDefault(sums, (rejections.OwnerKey, rejections.Reason), out _) += rejections.Records;

        var named = new List<RejectionSum>();
        CatalogSnapshot current = catalog.Current;
        foreach (((int owner, Verdict reason), long records) in sums)
        {
            if (!scope.CoversOwner(owner, current))
                continue;
            (string instanceId, string billingAccountId) = SeriesGroups.OwnerOf(owner, current);
            bool isOfProduct = filter.ProductId.Length == 0
                || (current.InstanceByKey(owner) is { } instance && filter.PassesProduct(instance.Product.Product.Id));
            if (isOfProduct && filter.PassesOwner(instanceId, billingAccountId))
                named.Add(new RejectionSum(instanceId, billingAccountId, reason, records));
        }

        return
        [
            .. named.OrderBy(sum => sum.BillingAccountId, StringComparer.Ordinal)
                .ThenBy(sum => sum.InstanceId, StringComparer.Ordinal)
                .ThenBy(sum => sum.Reason),
        ];
    }
}
