using Metering.Ledger;

namespace Metering.Server;

/// <summary>Who may see which rejected records, and whose a filter means, in the ledger's numbers.</summary>
internal static class RejectedScopes
{
    /// <summary>
    /// What a caller may see: a publisher what was sent for instances of its products and for its image products, a customer what
    /// would have been booked to it. Null for everything.
    /// </summary>
    public static RejectedScope? Of(ReadScope scope, CatalogSnapshot catalog)
    {
        if (scope.IsEverything)
            return null;
        if (scope.PublisherId is not { } publisher)
            return new RejectedScope(OwnersOf(scope.CustomerId!, catalog));
        HashSet<string> products = [.. Objects<Product>(catalog).Where(product => product.Object.PublisherId == publisher).Select(product => product.Object.Id)];
        return new RejectedScope(
            Objects<ProductInstance>(catalog).Where(instance => products.Contains(instance.Object.ProductId)).Select(instance => instance.Key).ToHashSet(),
            products);
    }

    /// <summary>Whose records a filter means; null for everybody's. What does not exist is nobody.</summary>
    public static HashSet<int>? OwnersOf(string instanceId, string billingAccountId, CatalogSnapshot catalog)
    {
        HashSet<int>? owners = billingAccountId.Length == 0 ? null : OwnersOf(billingAccountId, catalog);
        if (instanceId.Length == 0)
            return owners;
        HashSet<int> instances = catalog.FindInstance(System.Text.Encoding.UTF8.GetBytes(instanceId)) is { } instance ? [instance.Key] : [];
        if (owners is not null)
            instances.IntersectWith(owners);
        return instances;
    }

    private static HashSet<int> OwnersOf(string customerId, CatalogSnapshot catalog) =>
    [
        .. Objects<Customer>(catalog).Where(customer => customer.Object.Id == customerId).Select(customer => customer.Key),
        .. Objects<ProductInstance>(catalog).Where(instance => instance.Object.CustomerId == customerId).Select(instance => instance.Key),
    ];

    private static IEnumerable<(int Key, T Object)> Objects<T>(CatalogSnapshot catalog)
        where T : CatalogObject
    {
        foreach (StoredObject stored in catalog.Stored.Objects)
        {
            if (stored.Object is T found)
                yield return (stored.Key, found);
        }
    }
}
