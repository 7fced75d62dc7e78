using System.Text;

namespace Metering.Ledger.Tests;

public sealed class CatalogSnapshotTests
{
    private static readonly StoredObject[] Objects =
    [
        new(1, new Publisher("publisher", "Publisher"), false),
        new(2, new Product("product", "Product", "publisher", ProductKind.Instance, Active: true), false),
        new(3, new Product("retired-product", "Product", "publisher", ProductKind.Image, Active: true), true),
        new(4, new Sku("sku", "SKU", "product", "unit", Active: true), false),
        new(5, new Sku("inactive-sku", "SKU", "product", "unit", Active: false), false),
        new(6, new Sku("retired-sku", "SKU", "product", "unit", Active: true), true),
        new(7, new Customer("customer", "Customer", Suspended: false), false),
        new(8, new Customer("suspended", "Customer", Suspended: true), false),
        new(9, new ProductInstance("instance", "product", "customer", Active: true), false),
        new(10, new ProductInstance("retired-instance", "product", "customer", Active: true), true),
        new(11, new ServiceAccount("agent", "Agent", "publisher", null, [ServiceAccount.MeteringAgent]), false),
        new(12, new ServiceAccount("user", "User", null, "customer", []), false),
        new(13, new ServiceAccount("gone", "Gone", "publisher", null, [ServiceAccount.MeteringAgent]), true),
        new(14, Key("key", "agent"), false),
        new(15, Key("key-of-gone", "gone"), false),
        new(16, Key("retired-key", "agent"), true),
        new(17, new Sku("кириллица", "SKU", "product", "unit", Active: true), false),
    ];

    private readonly CatalogSnapshot _catalog = new(new StoredCatalog(4, Objects));

    [Fact]
    public void Objects_are_found_by_id()
    {
        Assert.True(_catalog.FindProduct("product"u8)!.IsActive);
        Assert.True(_catalog.FindSku("sku"u8)!.IsActive);
        Assert.Equal(17, _catalog.FindSku("кириллица"u8)!.Key);
        Assert.Same(_catalog.FindProduct("product"u8), _catalog.FindSku("sku"u8)!.Product);
        Assert.Equal("customer", _catalog.FindInstance("instance"u8)!.Customer.Customer.Id);
        Assert.True(_catalog.FindAccount("agent")!.IsMeteringAgent);
        Assert.False(_catalog.FindAccount("user")!.IsMeteringAgent);
        Assert.Equal("customer", _catalog.FindAccount("user")!.Customer!.Customer.Id);
        Assert.Equal("agent", _catalog.FindKey("key")!.ServiceAccountId);
    }

    [Fact]
    public void Inactive_suspended_and_retired_objects_stay_readable_but_are_not_active()
    {
        Assert.False(_catalog.FindSku("inactive-sku"u8)!.IsActive);
        Assert.False(_catalog.FindSku("retired-sku"u8)!.IsActive);
        Assert.False(_catalog.FindProduct("retired-product"u8)!.IsActive);
        Assert.False(_catalog.FindInstance("retired-instance"u8)!.IsActive);
        Assert.Equal("retired-sku", _catalog.SkuByKey(6)!.Value.Id);
        Assert.Equal("retired-instance", _catalog.InstanceByKey(10)!.Instance.Id);
        Assert.False(_catalog.CustomerByKey(8)!.IsActive);
    }

    [Fact]
    public void Retired_accounts_and_their_keys_are_gone()
    {
        Assert.Null(_catalog.FindAccount("gone"));
        Assert.Null(_catalog.FindKey("key-of-gone"));
        Assert.Null(_catalog.FindKey("retired-key"));
    }

    [Fact]
    public void A_key_of_another_kind_names_nothing()
    {
        Assert.Null(_catalog.SkuByKey(7));
        Assert.Null(_catalog.CustomerByKey(9));
        Assert.Null(_catalog.InstanceByKey(4));
        Assert.Null(_catalog.SkuByKey(999));
    }

    [Fact]
    public void Unknown_empty_overlong_and_malformed_ids_find_nothing()
    {
        byte[][] ids = [[], "SKU"u8.ToArray(), "sk"u8.ToArray(), [0xFF, 0xFE], Encoding.UTF8.GetBytes(new string('x', 10_000)), [.. Enumerable.Repeat((byte)0xF0, 200)]];
        foreach (byte[] id in ids)
        {
            Assert.Null(_catalog.FindSku(id));
            Assert.Null(_catalog.FindProduct(id));
            Assert.Null(_catalog.FindInstance(id));
            Assert.Null(CatalogSnapshot.Empty.FindSku(id));
        }

        Assert.Null(CatalogSnapshot.Empty.FindAccount("agent"));
    }

    [Fact]
    public void The_example_is_the_first_account_instance_and_sku_that_can_be_written_together()
    {
        Assert.Equal(("agent", "instance", "sku"), Ids(_catalog));
        Assert.Null(CatalogSnapshot.Empty.FirstWritable);
        Assert.Null(new CatalogSnapshot(new StoredCatalog(1, [.. Objects.Where(one => one.Object.Id is not "agent")])).FirstWritable);
        Assert.Null(new CatalogSnapshot(new StoredCatalog(1, [.. Objects.Where(one => one.Object.Id is not "instance")])).FirstWritable);
        Assert.Null(new CatalogSnapshot(new StoredCatalog(1, [.. Objects.Where(one => one.Object is not Sku)])).FirstWritable);
    }

    [Fact]
    public void The_example_is_found_among_more_objects_than_can_be_paired()
    {
        IEnumerable<StoredObject> instances = Enumerable.Range(100, 50_000)
            .Select(key => new StoredObject(key, new ProductInstance($"instance-{key}", "product", "customer", Active: true), false));
        IEnumerable<StoredObject> skus = Enumerable.Range(100_000, 50_000)
            .Select(key => new StoredObject(key, new Sku($"sku-{key}", "SKU", "product", "unit", Active: true), false));

        Assert.Equal(("agent", "instance", "sku"), Ids(new CatalogSnapshot(new StoredCatalog(1, [.. Objects, .. instances, .. skus]))));
    }

    [Fact]
    public void Replacing_the_catalog_leaves_a_snapshot_taken_before_as_it_was()
    {
        var holder = new CatalogHolder { Current = _catalog };
        CatalogSnapshot taken = holder.Current;
        holder.Current = CatalogSnapshot.Empty;
        Assert.NotNull(taken.FindSku("sku"u8));
        Assert.Null(holder.Current.FindSku("sku"u8));
        Assert.Equal(4, taken.Stored.Version);
    }

    private static (string Account, string Instance, string Sku) Ids(CatalogSnapshot catalog) =>
        catalog.FirstWritable is { } first ? (first.Account.Id, first.Instance.Id, first.Sku.Id) : default;

    private static AuthorizedKey Key(string id, string account) => new(id, account, DateTimeOffset.UnixEpoch, "RSA_2048", "PEM", Declared: true);
}
