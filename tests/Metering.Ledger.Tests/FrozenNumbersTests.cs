namespace Metering.Ledger.Tests;

/// <summary>Numbers that ledgers hold on disk: a changed one would give old records another meaning.</summary>
public sealed class FrozenNumbersTests
{
    [Fact]
    public void Verdicts_keep_their_numbers() => Assert.Equal(
        "Accepted=0 InvalidId=1 InvalidSkuId=2 InvalidProductId=3 Duplicate=4 Expired=5 InvalidTimestamp=6 InvalidQuantity=7",
        Numbers<Verdict>());

    [Fact]
    public void Catalog_kinds_keep_their_numbers() => Assert.Equal(
        "Publisher=1 Product=2 Sku=3 Customer=4 ProductInstance=5 ServiceAccount=6 AuthorizedKey=7",
        Numbers<CatalogKind>());

    [Fact]
    public void Usage_kinds_keep_their_numbers() => Assert.Equal("ProductInstance=1 Image=2", Numbers<UsageKind>());

    [Fact]
    public void Limits_agree_with_each_other() => Limits.Check();

    [Fact]
    public void The_wire_contracts_limits_are_the_published_ones() =>
        Assert.Equal((25, 50, 36, 8000, 4000, 4096), (Limits.RecordsPerWrite, Limits.IdCharacters, Limits.UuidCharacters, Limits.JwtCharacters, Limits.OAuthTokenCharacters, Limits.IamTokenCharacters));

    private static string Numbers<T>()
        where T : struct, Enum => string.Join(' ', Enum.GetValues<T>().Select(value => $"{value}={Convert.ToInt32(value)}"));
}
