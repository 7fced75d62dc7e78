namespace Metering.Ledger;

/// <summary>The kinds of object in a catalog. The numbers are stored and never change.</summary>
public enum CatalogKind : byte
{
    /// <summary>Somebody who sells products.</summary>
    Publisher = 1,

    /// <summary>Something sold.</summary>
    Product = 2,

    /// <summary>A priced unit of a product.</summary>
    Sku = 3,

    /// <summary>A billing account that buys.</summary>
    Customer = 4,

    /// <summary>One customer's activated copy of a product.</summary>
    ProductInstance = 5,

    /// <summary>Who calls the API.</summary>
    ServiceAccount = 6,

    /// <summary>The public half of a service account's key.</summary>
    AuthorizedKey = 7,
}

/// <summary>How a product is metered.</summary>
public enum ProductKind
{
    /// <summary>Through product instances, by its publisher (ProductUsageService).</summary>
    Instance,

    /// <summary>By the customer who runs its image (ImageProductUsageService).</summary>
    Image,
}

/// <summary>An object of the catalog, as declared.</summary>
/// <param name="Id">Unique within its kind; at most 50 characters.</param>
public abstract record CatalogObject(string Id)
{
    /// <summary>The object's kind.</summary>
    public abstract CatalogKind Kind { get; }
}

/// <summary>A publisher.</summary>
public sealed record Publisher(string Id, string Name) : CatalogObject(Id)
{
    /// <inheritdoc/>
    public override CatalogKind Kind => CatalogKind.Publisher;
}

/// <summary>A product. Publisher and metering can never change: records would change their meaning.</summary>
public sealed record Product(string Id, string Name, string PublisherId, ProductKind Metering, bool Active) : CatalogObject(Id)
{
    /// <inheritdoc/>
    public override CatalogKind Kind => CatalogKind.Product;
}

/// <summary>A SKU. Product and unit can never change: records would change their meaning.</summary>
public sealed record Sku(string Id, string Name, string ProductId, string Unit, bool Active) : CatalogObject(Id)
{
    /// <inheritdoc/>
    public override CatalogKind Kind => CatalogKind.Sku;
}

/// <summary>A customer; the id is the billing account's. A suspended one can report no usage.</summary>
public sealed record Customer(string Id, string Name, bool Suspended) : CatalogObject(Id)
{
    /// <inheritdoc/>
    public override CatalogKind Kind => CatalogKind.Customer;
}

/// <summary>One customer's activated copy of a product. Product and customer can never change.</summary>
public sealed record ProductInstance(string Id, string ProductId, string CustomerId, bool Active) : CatalogObject(Id)
{
    /// <inheritdoc/>
    public override CatalogKind Kind => CatalogKind.ProductInstance;
}

/// <summary>A service account of exactly one publisher or one customer, with the roles granted to it.</summary>
public sealed record ServiceAccount(string Id, string Name, string? PublisherId, string? CustomerId, IReadOnlyList<string> Roles) : CatalogObject(Id)
{
    /// <summary>The role that a Write needs.</summary>
    public const string MeteringAgent = "marketplace.meteringAgent";

    /// <inheritdoc/>
    public override CatalogKind Kind => CatalogKind.ServiceAccount;
}

/// <summary>The public half of an authorized key.</summary>
/// <param name="Id">The JWT's <c>kid</c>.</param>
/// <param name="ServiceAccountId">Whose key it is.</param>
/// <param name="CreatedAt">When it was registered.</param>
/// <param name="Algorithm">RSA_2048 or RSA_4096.</param>
/// <param name="PublicKey">SubjectPublicKeyInfo, PEM.</param>
/// <param name="Declared">In the catalog file; a key that was registered by itself is not, and a new file leaves it alone.</param>
public sealed record AuthorizedKey(string Id, string ServiceAccountId, DateTimeOffset CreatedAt, string Algorithm, string PublicKey, bool Declared)
    : CatalogObject(Id)
{
    /// <inheritdoc/>
    public override CatalogKind Kind => CatalogKind.AuthorizedKey;
}
