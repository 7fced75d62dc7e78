using System.Text;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>What all records of one owner and one SKU have in common, by the names that the catalog gives.</summary>
/// <param name="ProductId">The product.</param>
/// <param name="InstanceId">The product instance; empty for usage of image products.</param>
/// <param name="BillingAccountId">The billing account.</param>
/// <param name="SkuId">The SKU.</param>
/// <param name="Unit">The usage unit.</param>
public sealed record RecordSeries(string ProductId, string InstanceId, string BillingAccountId, string SkuId, string Unit)
{
    /// <summary>Bytes of all names in UTF-8.</summary>
    public int NameBytes { get; } = Encoding.UTF8.GetByteCount(ProductId) + Encoding.UTF8.GetByteCount(InstanceId)
        + Encoding.UTF8.GetByteCount(BillingAccountId) + Encoding.UTF8.GetByteCount(SkuId) + Encoding.UTF8.GetByteCount(Unit);

    /// <summary>Looks the names up.</summary>
    /// <exception cref="StoreException">
    /// The catalog of this node is older than the record: another node has applied a newer one a moment ago.
    /// </exception>
    public static RecordSeries Of(int ownerKey, int skuKey, CatalogSnapshot catalog)
    {
        SkuEntry sku = catalog.SkuByKey(skuKey) ?? throw Behind($"SKU number {skuKey}");
        (string instanceId, string billingAccountId) =
            catalog.InstanceByKey(ownerKey) is { } instance ? (instance.Instance.Id, instance.Customer.Customer.Id)
            : catalog.CustomerByKey(ownerKey) is { } customer ? (string.Empty, customer.Customer.Id)
            : throw Behind($"owner number {ownerKey}");
        return new RecordSeries(sku.Product.Product.Id, instanceId, billingAccountId, sku.Value.Id, sku.Value.Unit);
    }

    private static StoreException Behind(string what) => new($"The catalog of this node does not know {what} yet.") { IsOutage = true };
}
