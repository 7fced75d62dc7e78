namespace Metering.Ledger.Sqlite.Tests;

public sealed class WriteTests
{
    [Fact]
    public async Task An_accepted_record_is_counted_once()
    {
        await using var store = new TestStore();
        Assert.Equal([Verdict.Accepted], await store.VerdictsAsync(1));
        Assert.Equal([Verdict.Duplicate], await store.VerdictsAsync(1));
        HourTotal total = Assert.Single(await store.TotalsAsync());
        Assert.Equal(new HourTotal(TestStore.Owner, TestStore.Sku, total.Hour, 1, 1), total);
        await store.AssertSoundAsync();
    }
}
