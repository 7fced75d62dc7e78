using Metering.Ledger;

namespace Metering.Bench;

/// <summary>The catalog of a ledger that is read: an image product with ten SKUs and many customers, and what the load generator writes to.</summary>
internal sealed class MonthCatalog
{
    /// <summary>SKUs of each customer.</summary>
    public const int Skus = 10;

    /// <summary>Billing account of the first customer.</summary>
    public const string FirstCustomer = "customer-0";

    private const string PublisherId = "acme", DatabaseId = "acme-database", ImageId = "image", BuyerId = "buyer";

    private MonthCatalog(int[] ownerKeys, int[] skuKeys, int accountKey) => (OwnerKeys, SkuKeys, AccountKey) = (ownerKeys, skuKeys, accountKey);

    /// <summary>The store's numbers of the customers.</summary>
    public IReadOnlyList<int> OwnerKeys { get; }

    /// <summary>Its numbers of the SKUs.</summary>
    public IReadOnlyList<int> SkuKeys { get; }

    /// <summary>Its number of the account that reports.</summary>
    public int AccountKey { get; }

    /// <summary>Puts it into a store that had none.</summary>
    public static async Task<MonthCatalog> ApplyAsync(ICatalogStore store, int customers, CancellationToken stop)
    {
        CatalogObject[] objects =
        [
            new Publisher(PublisherId, "Publisher"),
            new Product(DatabaseId, "What the load generator writes to", PublisherId, ProductKind.Instance, Active: true),
            new Sku(BenchServer.Sku, "Cores", DatabaseId, "core*hour", Active: true),
            new Customer(BuyerId, "Its customer", Suspended: false),
            new ProductInstance(BenchServer.Instance, DatabaseId, BuyerId, Active: true),
            new ServiceAccount(BenchServer.Account, "Reports", PublisherId, CustomerId: null, ["marketplace.meteringAgent"]),
            new Product(ImageId, "What is read", PublisherId, ProductKind.Image, Active: true),
            .. Enumerable.Range(0, Skus).Select(sku => new Sku($"sku-{sku}", "SKU", ImageId, "unit", Active: true)),
            .. Enumerable.Range(0, customers).Select(customer => new Customer($"customer-{customer}", "Customer", Suspended: false)),
        ];
        StoredCatalog stored = await store.ApplyAsync(0, [.. objects.Select(one => new CatalogPut(one, Retired: false))], stop);
        return new MonthCatalog(
            KeysOf(stored, one => one is Customer customer && customer.Id != BuyerId),
            KeysOf(stored, one => one is Sku sku && sku.ProductId == ImageId),
            KeysOf(stored, one => one is ServiceAccount)[0]);
    }

    private static int[] KeysOf(StoredCatalog stored, Func<CatalogObject, bool> isMeant) =>
        [.. stored.Objects.Where(one => isMeant(one.Object)).Select(one => one.Key)];
}
