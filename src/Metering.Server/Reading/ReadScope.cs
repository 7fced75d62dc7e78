using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// Whose usage a caller may read: the holder of the admin token all of it, a publisher's account that of its products, a
/// customer's account that which was booked to it. What lies outside is answered as if it did not exist.
/// </summary>
/// <param name="PublisherId">The publisher whose products it is; null for everybody's.</param>
/// <param name="CustomerId">The customer to whom it was booked; null for everybody.</param>
public sealed record ReadScope(string? PublisherId, string? CustomerId)
{
    /// <summary>Everything.</summary>
    public static readonly ReadScope Everything = new(null, null);

    /// <summary>What an account may read; nothing for one that belongs to nobody.</summary>
    public static ReadScope Of(ServiceAccount account) =>
        account.PublisherId is { } publisher ? new ReadScope(publisher, null) : new ReadScope(null, account.CustomerId ?? string.Empty);

    /// <summary>Whether it leaves nothing out.</summary>
    public bool IsEverything => PublisherId is null && CustomerId is null;

    /// <summary>As a text that no other scope has.</summary>
    public string Name => PublisherId is not null ? "publisher:" + PublisherId : CustomerId is not null ? "customer:" + CustomerId : "admin";

    /// <summary>Whether usage of an owner and a SKU lies within.</summary>
    public bool Covers(int ownerKey, int skuKey, CatalogSnapshot catalog) =>
        IsEverything
        || (PublisherId is not null && catalog.SkuByKey(skuKey)?.Product.Product.PublisherId == PublisherId)
        || (CustomerId is not null && CustomerOf(ownerKey, catalog) == CustomerId);

    /// <summary>Whether everything that is counted for an owner lies within, whatever the SKU.</summary>
    public bool CoversOwner(int ownerKey, CatalogSnapshot catalog) =>
        IsEverything
        || (PublisherId is not null && catalog.InstanceByKey(ownerKey)?.Product.Product.PublisherId == PublisherId)
        || (CustomerId is not null && CustomerOf(ownerKey, catalog) == CustomerId);

    /// <summary>Whether a service account is the same publisher's, or the same customer's. One that is gone is nobody's.</summary>
    public bool CoversAccount(string accountId, CatalogSnapshot catalog) =>
        IsEverything
        || (catalog.FindAccount(accountId)?.Account is { } account
            && ((PublisherId is not null && account.PublisherId == PublisherId) || (CustomerId is not null && account.CustomerId == CustomerId)));

    private static string? CustomerOf(int ownerKey, CatalogSnapshot catalog) =>
        (catalog.InstanceByKey(ownerKey)?.Customer ?? catalog.CustomerByKey(ownerKey))?.Customer.Id;
}
