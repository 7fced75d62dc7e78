namespace Metering.Ledger.Sqlite.Tests;

/// <summary>What reading and dropping rejected records takes at once.</summary>
public sealed class RejectedLimitTests
{
    private const int Together = 1_000;

    [Fact]
    public async Task A_page_that_finds_nothing_ends_after_as_many_records_as_allowed()
    {
        await using var store = new TestStore();
        for (int kept = 0; kept <= Limits.RejectedPageExamined; kept += Together)
            await KeepAsync(store);
        var question = new RejectedQuestion { SkuId = "none of them" };
        RejectedPage first = await store.Store.Rejections.SearchAsync(question, ReadOnlyMemory<byte>.Empty, 10, TestLedger.Stop);
        Assert.Empty(first.Records);
        Assert.NotNull(first.Next);
        RejectedPage last = await store.Store.Rejections.SearchAsync(question, first.Next.Value, 10, TestLedger.Stop);
        Assert.Empty(last.Records);
        Assert.Null(last.Next);
    }

    [Fact]
    public async Task Old_records_are_dropped_a_few_at_a_time()
    {
        await using var store = new TestStore();
        const int Batches = 12;
        for (int batch = 0; batch < Batches; batch++)
            await KeepAsync(store);
        long later = MeteringClock.ToUnixNanoseconds(store.Time.GetUtcNow() + Limits.RejectedAge + TimeSpan.FromDays(1));
        var dropped = new List<long>();
        while (await store.Store.Rejections.DropAsync(later, TestLedger.Stop))
            dropped.Add((await store.Store.Rejections.ReadFiguresAsync(TestLedger.Stop)).DroppedRecords);
        Assert.Equal([Limits.RejectedDropRecords, 2 * Limits.RejectedDropRecords, Batches * Together], dropped);
    }

    private static async Task KeepAsync(TestStore store)
    {
        UsageWrite write = RejectedSpec.Request(store, [new RejectedSpec(RejectedSpec.UuidOf(1))]);
        write.Records[0].Verdict = Verdict.InvalidSkuId;
        var record = RejectedRecord.Of(write, 0);
        await store.Store.Rejections.KeepAsync([.. Enumerable.Repeat(record, Together)]);
    }
}
