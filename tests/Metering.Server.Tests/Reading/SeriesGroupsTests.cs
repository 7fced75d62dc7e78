using Metering.Ledger;

namespace Metering.Server.Tests;

/// <summary>Names for the ledger's numbers, while the catalog changes, and who may see them.</summary>
public class SeriesGroupsTests
{
    private static readonly UsageQuestion Question = new(HourRange.All, UsageWindow.All, UsageZone.Utc, UsageDimensions.All, new UsageFilter());

    private static readonly StoredObject[] Before =
    [
        new(1, new Publisher("acme", "Acme"), false),
        new(2, new Product("gateway", "Gateway", "acme", ProductKind.Image, Active: true), false),
        new(3, new Customer("buyer", "Buyer", Suspended: false), false),
        new(4, new Sku("cores", "Cores", "gateway", "core*hour", Active: true), false),
        new(6, new Customer("other", "Other", Suspended: false), false),
    ];

    [Fact]
    public void A_sku_that_is_declared_and_counted_while_the_question_is_answered_has_its_name()
    {
        var catalog = new CatalogHolder { Current = new CatalogSnapshot(new StoredCatalog(1, Before)) };
        var groups = new SeriesGroups(Question, ReadScope.Everything, catalog);
        Assert.Equal("cores", groups.SeriesOf(groups.GroupOf(3, 4)).SkuId);
        catalog.Current = new CatalogSnapshot(new StoredCatalog(2, [.. Before, new StoredObject(5, new Sku("traffic", "Traffic", "gateway", "gbyte", Active: true), false)]));
        Assert.Equal(("traffic", "gbyte"), (groups.SeriesOf(groups.GroupOf(3, 5)).SkuId, groups.SeriesOf(groups.GroupOf(3, 5)).Unit));
    }

    [Fact]
    public void A_number_that_no_catalog_knows_is_a_fault_not_a_guess()
    {
        var groups = new SeriesGroups(Question, ReadScope.Everything, new CatalogHolder { Current = new CatalogSnapshot(new StoredCatalog(1, Before)) });
        Assert.Throws<InvalidOperationException>(() => groups.GroupOf(3, 99));
        Assert.Throws<InvalidOperationException>(() => groups.GroupOf(99, 4));
    }

    [Fact]
    public void What_lies_outside_of_the_callers_scope_belongs_to_no_series()
    {
        var catalog = new CatalogHolder { Current = new CatalogSnapshot(new StoredCatalog(1, Before)) };
        bool Sees(ReadScope scope, int owner) => new SeriesGroups(Question, scope, catalog).Covers(owner, 4);
        Assert.True(Sees(new ReadScope("acme", null), 3) && Sees(new ReadScope(null, "buyer"), 3));
        Assert.False(Sees(new ReadScope("rival", null), 3) || Sees(new ReadScope(null, "other"), 3));
        Assert.Equal([3], new SeriesGroups(Question, new ReadScope(null, "buyer"), catalog).Owners());
        Assert.Null(new SeriesGroups(Question, new ReadScope("acme", null), catalog).Owners());
        Assert.Empty(new SeriesGroups(Question with { Filter = new UsageFilter(BillingAccountId: "other") }, new ReadScope(null, "buyer"), catalog).Owners()!);
    }
}
