using System.Collections.Frozen;
using System.Text;

namespace Metering.Ledger;

/// <summary>A product, resolved.</summary>
/// <param name="Key">The store's number.</param>
/// <param name="Product">As declared.</param>
/// <param name="IsActive">Declared, and active.</param>
public sealed record ProductEntry(int Key, Product Product, bool IsActive);

/// <summary>A SKU, resolved.</summary>
/// <param name="Key">The store's number.</param>
/// <param name="Value">As declared.</param>
/// <param name="Product">The product that it belongs to.</param>
/// <param name="IsActive">Declared, and active.</param>
public sealed record SkuEntry(int Key, Sku Value, ProductEntry Product, bool IsActive);

/// <summary>A customer, resolved.</summary>
/// <param name="Key">The store's number.</param>
/// <param name="Customer">As declared.</param>
/// <param name="IsActive">Declared, and not suspended.</param>
public sealed record CustomerEntry(int Key, Customer Customer, bool IsActive);

/// <summary>A product instance, resolved.</summary>
/// <param name="Key">The store's number.</param>
/// <param name="Instance">As declared.</param>
/// <param name="Product">The product that it is a copy of.</param>
/// <param name="Customer">The customer whom it serves.</param>
/// <param name="IsActive">Declared, and active.</param>
public sealed record InstanceEntry(int Key, ProductInstance Instance, ProductEntry Product, CustomerEntry Customer, bool IsActive);

/// <summary>A service account in use, resolved.</summary>
/// <param name="Key">The store's number.</param>
/// <param name="Account">As declared.</param>
/// <param name="Customer">Its customer, when it belongs to one.</param>
/// <param name="IsMeteringAgent">It has the role <see cref="ServiceAccount.MeteringAgent"/>.</param>
public sealed record AccountEntry(int Key, ServiceAccount Account, CustomerEntry? Customer, bool IsMeteringAgent);

/// <summary>
/// The catalog as the request path sees it: immutable, in memory, replaced as a whole. A request takes one and keeps it.
/// Retired objects stay readable by key; accounts and keys that were retired are gone.
/// </summary>
public sealed class CatalogSnapshot
{
    /// <summary>No catalog at all.</summary>
    public static readonly CatalogSnapshot Empty = new(new StoredCatalog(0, []));

    private readonly FrozenDictionary<string, ProductEntry> _products;
    private readonly FrozenDictionary<string, SkuEntry> _skus;
    private readonly FrozenDictionary<string, InstanceEntry> _instances;
    private readonly FrozenDictionary<string, CustomerEntry> _customers;
    private readonly FrozenDictionary<string, AccountEntry> _accounts;
    private readonly FrozenDictionary<string, AuthorizedKey> _keys;
    private readonly FrozenDictionary<int, object> _byKey;
    private readonly FrozenDictionary<int, string> _accountIds;
    private readonly FrozenDictionary<string, SkuEntry>.AlternateLookup<ReadOnlySpan<char>> _skusByText;

    /// <summary>Resolves a stored catalog, whose references were checked when it was applied.</summary>
    public CatalogSnapshot(StoredCatalog catalog)
    {
        Stored = catalog;
        _products = Index(catalog, (int key, Product product, bool retired) => new ProductEntry(key, product, product.Active && !retired));
        _customers = Index(catalog, (int key, Customer customer, bool retired) => new CustomerEntry(key, customer, !customer.Suspended && !retired));
        _skus = Index(catalog, (int key, Sku sku, bool retired) => new SkuEntry(key, sku, _products[sku.ProductId], sku.Active && !retired));
        _instances = Index(catalog, (int key, ProductInstance instance, bool retired) => new InstanceEntry(
            key, instance, _products[instance.ProductId], _customers[instance.CustomerId], instance.Active && !retired));
        _accounts = Index(catalog, (int key, ServiceAccount account, bool retired) => retired ? null : new AccountEntry(
            key, account, account.CustomerId is { } customer ? _customers[customer] : null, account.Roles.Contains(ServiceAccount.MeteringAgent)));
        _keys = Index(catalog, (int _, AuthorizedKey key, bool retired) => retired || !_accounts.ContainsKey(key.ServiceAccountId) ? null : key);
        _byKey = _skus.Values.Select(sku => KeyValuePair.Create(sku.Key, (object)sku))
            .Concat(_instances.Values.Select(instance => KeyValuePair.Create(instance.Key, (object)instance)))
            .Concat(_customers.Values.Select(customer => KeyValuePair.Create(customer.Key, (object)customer)))
            .ToFrozenDictionary();
        _accountIds = catalog.Objects.Where(stored => stored.Object is ServiceAccount)
            .ToFrozenDictionary(stored => stored.Key, stored => stored.Object.Id);
        _skusByText = _skus.GetAlternateLookup<ReadOnlySpan<char>>();
        FirstActiveCustomer = _customers.Values.Where(customer => customer.IsActive).MinBy(customer => customer.Key);
    }

    /// <summary>What the snapshot was made from.</summary>
    public StoredCatalog Stored { get; }

    /// <summary>The product with this id, retired or not.</summary>
    public ProductEntry? FindProduct(ReadOnlySpan<byte> id) => Find(_products, id);

    /// <summary>The product instance with this id, retired or not.</summary>
    public InstanceEntry? FindInstance(ReadOnlySpan<byte> id) => Find(_instances, id);

    /// <summary>The SKU with this id, retired or not.</summary>
    public SkuEntry? FindSku(ReadOnlySpan<byte> id)
    {
        if (id.Length is 0 or > Limits.IdCharacters * 4)
            return null;
        Span<char> characters = stackalloc char[id.Length];
        return _skusByText.TryGetValue(characters[..Encoding.UTF8.GetChars(id, characters)], out SkuEntry? sku) ? sku : null;
    }

    /// <summary>The account with this id, unless it is gone.</summary>
    public AccountEntry? FindAccount(string id) => _accounts.GetValueOrDefault(id);

    /// <summary>The authorized key with this id, unless it or its account is gone.</summary>
    public AuthorizedKey? FindKey(string id) => _keys.GetValueOrDefault(id);

    /// <summary>The SKU that a ledger refers to.</summary>
    public SkuEntry? SkuByKey(int key) => _byKey.GetValueOrDefault(key) as SkuEntry;

    /// <summary>The product instance that a ledger refers to, when the owner is one.</summary>
    public InstanceEntry? InstanceByKey(int key) => _byKey.GetValueOrDefault(key) as InstanceEntry;

    /// <summary>The customer that a ledger refers to, when the owner is one.</summary>
    public CustomerEntry? CustomerByKey(int key) => _byKey.GetValueOrDefault(key) as CustomerEntry;

    /// <summary>The id of the account that a ledger refers to, gone or not.</summary>
    public string? AccountIdByKey(int key) => _accountIds.GetValueOrDefault(key);

    /// <summary>Something that can be written right now: a publisher's account, an instance of its product, and a SKU; null when there is nothing.</summary>
    public (ServiceAccount Account, ProductInstance Instance, Sku Sku)? FirstWritable
    {
        get
        {
            // Each kind is gone through once: together they are far too many pairs.
            Dictionary<int, SkuEntry> skus = _skus.Values.Where(sku => sku.IsActive)
                .GroupBy(sku => sku.Product.Key)
                .ToDictionary(product => product.Key, product => product.MinBy(sku => sku.Key)!);
            Dictionary<string, InstanceEntry> instances = _instances.Values
                .Where(instance => instance.IsActive && instance.Customer.IsActive && instance.Product.IsActive
                    && skus.ContainsKey(instance.Product.Key))
                .GroupBy(instance => instance.Product.Product.PublisherId)
                .ToDictionary(publisher => publisher.Key, publisher => publisher.MinBy(instance => instance.Key)!);
            return _accounts.Values
                .Where(account => account.IsMeteringAgent && account.Account.PublisherId is { } publisher && instances.ContainsKey(publisher))
                .MinBy(account => account.Key) is not { } first ? null
                : instances[first.Account.PublisherId!] is var instance
                    ? (first.Account, instance.Instance, skus[instance.Product.Key].Value)
                    : null;
        }
    }

    /// <summary>The customer that was declared first and may buy; null when there is none.</summary>
    public CustomerEntry? FirstActiveCustomer { get; }

    private static FrozenDictionary<string, TEntry> Index<TObject, TEntry>(StoredCatalog catalog, Func<int, TObject, bool, TEntry?> resolve)
        where TObject : CatalogObject
        where TEntry : class
    {
        var entries = new Dictionary<string, TEntry>(StringComparer.Ordinal);
        foreach (StoredObject stored in catalog.Objects)
        {
            if (stored.Object is TObject declared && resolve(stored.Key, declared, stored.Retired) is { } entry)
                entries.Add(declared.Id, entry);
        }

        return entries.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static TEntry? Find<TEntry>(FrozenDictionary<string, TEntry> entries, ReadOnlySpan<byte> id)
        where TEntry : class
    {
        if (id.Length is 0 or > Limits.IdCharacters * 4)
            return null;
        Span<char> characters = stackalloc char[id.Length];
        var lookup = entries.GetAlternateLookup<ReadOnlySpan<char>>();
        return lookup.TryGetValue(characters[..Encoding.UTF8.GetChars(id, characters)], out TEntry? entry) ? entry : null;
    }
}
