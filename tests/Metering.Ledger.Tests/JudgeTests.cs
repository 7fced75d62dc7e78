namespace Metering.Ledger.Tests;

public sealed class JudgeTests
{
    private const long Second = 1_000_000_000;
    private const long Now = 1_772_368_200L * Second; // 2026-03-01T12:30:00Z

    private static readonly Product SomeProduct = new("product", "Product", "publisher", ProductKind.Instance, Active: true);
    private static readonly ProductEntry ActiveProduct = new(1, SomeProduct, IsActive: true);
    private static readonly ProductEntry OtherProduct = new(2, SomeProduct with { Id = "other" }, IsActive: true);
    private static readonly ProductEntry InactiveProduct = new(1, SomeProduct, IsActive: false);
    private static readonly SkuEntry ActiveSku = new(3, new Sku("sku", "SKU", "product", "unit", Active: true), ActiveProduct, IsActive: true);
    private static readonly SkuEntry InactiveSku = ActiveSku with { IsActive = false };
    private static readonly AcceptanceWindow Window = new(Now, TimeSpan.FromHours(1), TimeSpan.FromMinutes(1));

    public static TheoryData<long, Verdict> Moments => new()
    {
        { Now, Verdict.Accepted },
        { Now - (3600 * Second), Verdict.Accepted },
        { Now - (3600 * Second) - 1, Verdict.Expired },
        { Now - (3600 * Second) + 1, Verdict.Accepted },
        { Now + (60 * Second), Verdict.Accepted },
        { Now + (60 * Second) - 1, Verdict.Accepted },
        { Now + (60 * Second) + 1, Verdict.InvalidTimestamp },
        { 0, Verdict.Expired },
        { -1, Verdict.Expired },
    };

    [Theory]
    [MemberData(nameof(Moments))]
    public void The_window_is_exact_to_the_nanosecond(long timestamp, Verdict expected) => Assert.Equal(expected, Examine(At(timestamp)).AfterDuplicate);

    [Theory]
    [InlineData(-62_135_596_800, 0, Verdict.Expired)] // protobuf's first second
    [InlineData(-62_135_596_801, 0, Verdict.InvalidTimestamp)]
    [InlineData(253_402_300_799, 999_999_999, Verdict.InvalidTimestamp)] // its last: in the future
    [InlineData(253_402_300_800, 0, Verdict.InvalidTimestamp)]
    [InlineData(long.MinValue, 0, Verdict.InvalidTimestamp)]
    [InlineData(long.MaxValue, 0, Verdict.InvalidTimestamp)]
    [InlineData(1_772_368_200, -1, Verdict.InvalidTimestamp)]
    [InlineData(1_772_368_200, 999_999_999, Verdict.Accepted)]
    [InlineData(1_772_368_200, 1_000_000_000, Verdict.InvalidTimestamp)]
    [InlineData(0, -1, Verdict.InvalidTimestamp)] // no time at all, hence not EXPIRED
    [InlineData(0, 1_000_000_000, Verdict.InvalidTimestamp)]
    public void A_time_that_protobuf_cannot_express_is_never_expired(long seconds, int nanoseconds, Verdict expected)
    {
        UsageRecord record = At(Now);
        (record.TimestampSeconds, record.TimestampNanoseconds) = (seconds, nanoseconds);
        Assert.Equal(expected, Examine(record).AfterDuplicate);
    }

    [Fact]
    public void A_missing_timestamp_is_invalid()
    {
        UsageRecord record = At(Now);
        record.HasTimestamp = false;
        Assert.Equal(Verdict.InvalidTimestamp, Examine(record).AfterDuplicate);
    }

    [Theory]
    [InlineData(-3600, 500_000_000, Verdict.Accepted)]
    [InlineData(-3600, 499_999_999, Verdict.Expired)]
    public void The_window_is_exact_when_it_reaches_back_before_1970(long seconds, int nanoseconds, Verdict expected)
    {
        UsageRecord record = At(0);
        (record.TimestampSeconds, record.TimestampNanoseconds) = (seconds, nanoseconds);
        Judge.Examine(ref record, true, ActiveSku, ActiveProduct, Window with { NowUnixNanoseconds = Second / 2 });
        Assert.Equal(expected, record.AfterDuplicate);
    }

    [Theory]
    [InlineData(1, Verdict.Accepted)]
    [InlineData(long.MaxValue, Verdict.Accepted)]
    [InlineData(0, Verdict.InvalidQuantity)]
    [InlineData(-1, Verdict.InvalidQuantity)]
    [InlineData(long.MinValue, Verdict.InvalidQuantity)]
    public void A_quantity_is_positive(long quantity, Verdict expected)
    {
        UsageRecord record = At(Now);
        record.Quantity = quantity;
        Assert.Equal(expected, Examine(record).AfterDuplicate);
    }

    [Fact]
    public void A_sku_must_be_known_and_active()
    {
        Assert.Equal(Verdict.InvalidSkuId, Examine(At(Now), sku: null).BeforeDuplicate);
        Assert.Equal(Verdict.InvalidSkuId, Examine(At(Now), sku: InactiveSku).BeforeDuplicate);
        Assert.Equal(Verdict.Accepted, Examine(At(Now)).BeforeDuplicate);
    }

    [Fact]
    public void A_product_must_be_known_active_and_the_skus_own()
    {
        Assert.Equal(Verdict.InvalidProductId, Examine(At(Now), ActiveSku, product: null).BeforeDuplicate);
        Assert.Equal(Verdict.InvalidProductId, Examine(At(Now), ActiveSku with { Product = InactiveProduct }, InactiveProduct).BeforeDuplicate);
        Assert.Equal(Verdict.InvalidProductId, Examine(At(Now), ActiveSku, OtherProduct).BeforeDuplicate);
    }

    // Breaks rules from the last to the first: the verdict must move up with each.
    [Fact]
    public void The_first_broken_rule_decides()
    {
        UsageRecord record = At(Now);
        Assert.Equal(Verdict.Accepted, Decide(record, true, ActiveSku, ActiveProduct, false));
        record.Quantity = 0;
        Assert.Equal(Verdict.InvalidQuantity, Decide(record, true, ActiveSku, ActiveProduct, false));
        record.TimestampSeconds += 61;
        Assert.Equal(Verdict.InvalidTimestamp, Decide(record, true, ActiveSku, ActiveProduct, false));
        record.TimestampSeconds -= 61 + 3601;
        Assert.Equal(Verdict.Expired, Decide(record, true, ActiveSku, ActiveProduct, false));
        Assert.Equal(Verdict.Duplicate, Decide(record, true, ActiveSku, ActiveProduct, true));
        Assert.Equal(Verdict.InvalidProductId, Decide(record, true, ActiveSku, null, true));
        Assert.Equal(Verdict.InvalidSkuId, Decide(record, true, null, null, true));
        Assert.Equal(Verdict.InvalidId, Decide(record, false, null, null, true));
    }

    [Fact]
    public void Only_a_record_sound_so_far_is_looked_up()
    {
        Assert.True(Judge.NeedsLookup(Examine(At(Now))));
        Assert.True(Judge.NeedsLookup(Examine(At(0)))); // expired: a retry of a counted record must hear DUPLICATE
        Assert.False(Judge.NeedsLookup(Examine(At(Now), sku: null)));
    }

    private static UsageRecord At(long unixNanoseconds) => new()
    {
        Uuid = 1,
        Quantity = 1,
        HasTimestamp = true,
        TimestampSeconds = (long)Math.Floor(unixNanoseconds / (decimal)Second),
        TimestampNanoseconds = (int)(((unixNanoseconds % Second) + Second) % Second),
    };

    private static UsageRecord Examine(UsageRecord record) => Examine(record, ActiveSku);

    private static UsageRecord Examine(UsageRecord record, SkuEntry? sku) => Examine(record, sku, ActiveProduct);

    private static UsageRecord Examine(UsageRecord record, SkuEntry? sku, ProductEntry? product)
    {
        Judge.Examine(ref record, uuidIsValid: true, sku, product, Window);
        return record;
    }

    private static Verdict Decide(UsageRecord record, bool uuidIsValid, SkuEntry? sku, ProductEntry? product, bool isCounted)
    {
        Judge.Examine(ref record, uuidIsValid, sku, product, Window);
        return Judge.Decide(record, isCounted);
    }
}
