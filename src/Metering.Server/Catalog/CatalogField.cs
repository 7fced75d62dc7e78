using Metering.Ledger;

namespace Metering.Server;

/// <summary>A field of a catalog object, as it is compared and shown.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Value">Its value, as shown to people.</param>
/// <param name="IsFixed">It can never change, because records or tokens would change their meaning.</param>
internal sealed record CatalogField(string Name, string Value, bool IsFixed = false)
{
    /// <summary>The fields of an object besides its id; the same ones in the same order for every object of a kind.</summary>
    public static IReadOnlyList<CatalogField> Of(CatalogObject one) => one switch
    {
        Publisher publisher => [new("name", publisher.Name)],
        Product product =>
        [
            new("name", product.Name),
            new("publisher", product.PublisherId, IsFixed: true),
            new("metering", product.Metering == ProductKind.Image ? "image" : "instance", IsFixed: true),
            Flag("active", product.Active),
        ],
        Sku sku =>
        [
            new("name", sku.Name),
            new("product", sku.ProductId, IsFixed: true),
            new("unit", sku.Unit, IsFixed: true),
            Flag("active", sku.Active),
        ],
        Customer customer => [new("name", customer.Name), new("status", customer.Suspended ? "suspended" : "active")],
        ProductInstance instance =>
        [
            new("product", instance.ProductId, IsFixed: true),
            new("customer", instance.CustomerId, IsFixed: true),
            Flag("active", instance.Active),
        ],
        ServiceAccount account =>
        [
            new("name", account.Name),
            new("publisher", account.PublisherId ?? "", IsFixed: true),
            new("customer", account.CustomerId ?? "", IsFixed: true),
            new("roles", string.Join(", ", account.Roles.Order(StringComparer.Ordinal))),
        ],
        AuthorizedKey key =>
        [
            new("service_account", key.ServiceAccountId, IsFixed: true),
            new("algorithm", key.Algorithm, IsFixed: true),
            new("public_key", Fingerprint(key), IsFixed: true),
            new("created_at", key.CreatedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'")),
            Flag("declared", key.Declared),
        ],
        _ => throw new ArgumentOutOfRangeException(nameof(one)),
    };

    private static CatalogField Flag(string name, bool value) => new(name, value ? "true" : "false");

    private static string Fingerprint(AuthorizedKey key) =>
        AuthorizedPublicKey.TryRead(key.Algorithm, key.PublicKey, out AuthorizedPublicKey? read, out _) ? read.Fingerprint : key.PublicKey;
}
