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

    [Fact]
    public async Task A_uuid_sent_twice_in_one_request_counts_the_first_time()
    {
        await using var store = new TestStore();
        Assert.Equal([Verdict.Accepted, Verdict.Duplicate, Verdict.Accepted], await store.VerdictsAsync(new RecordSpec(1, 5), new RecordSpec(1, 9), 2));
        Assert.Equal(6, Assert.Single(await store.TotalsAsync()).Quantity);
    }

    [Fact]
    public async Task A_rejected_record_does_not_use_up_its_uuid()
    {
        await using var store = new TestStore();
        foreach (Verdict late in new[] { Verdict.Expired, Verdict.InvalidTimestamp, Verdict.InvalidQuantity })
            Assert.Equal([late, late], await store.VerdictsAsync(new RecordSpec(1, After: late), new RecordSpec(1, After: late)));
        foreach (Verdict early in new[] { Verdict.InvalidId, Verdict.InvalidSkuId, Verdict.InvalidProductId })
            Assert.Equal([early], await store.VerdictsAsync(new RecordSpec(1, Before: early)));
        Assert.Equal([Verdict.Accepted], await store.VerdictsAsync(1));
    }

    [Fact]
    public async Task A_late_retry_of_a_counted_record_hears_duplicate_and_not_expired()
    {
        await using var store = new TestStore();
        await store.WriteAsync(1);
        Assert.Equal([Verdict.Duplicate], await store.VerdictsAsync(new RecordSpec(1, After: Verdict.Expired)));
        Assert.Equal([Verdict.InvalidSkuId], await store.VerdictsAsync(new RecordSpec(1, Before: Verdict.InvalidSkuId)));
    }

    [Fact]
    public async Task A_dry_run_judges_as_a_write_would_and_records_nothing()
    {
        await using var store = new TestStore();
        await store.WriteAsync(1);
        UsageWrite dryRun = store.Request([1, 2, 2, new RecordSpec(3, After: Verdict.Expired), new RecordSpec(3)], dryRun: true);
        Verdict[] expected = [Verdict.Duplicate, Verdict.Accepted, Verdict.Duplicate, Verdict.Expired, Verdict.Accepted];
        Assert.Equal(expected, await store.VerdictsAsync(dryRun));
        Assert.Single(await store.RecordsAsync());
        Assert.Empty(await store.RejectionsAsync());
        Assert.Equal(expected, await store.VerdictsAsync(1, 2, 2, new RecordSpec(3, After: Verdict.Expired), new RecordSpec(3)));
    }

    [Fact]
    public async Task Rejections_are_counted_by_owner_reason_and_hour_of_the_server()
    {
        await using var store = new TestStore();
        long hour = HourRange.HourOf(MeteringClock.ToUnixNanoseconds(store.Time.GetUtcNow()));
        await store.WriteAsync(new RecordSpec(1, Before: Verdict.InvalidId), 2, 2);
        await store.WriteAsync(new RecordSpec(2, AgeSeconds: 7200, After: Verdict.Expired));
        store.Time.Advance(TimeSpan.FromHours(1));
        await store.Ledger.WriteAsync(store.Request([2], owner: TestStore.Owner + 1));
        HourRejections[] expected =
        [
            new(TestStore.Owner, Verdict.InvalidId, hour, 1),
            new(TestStore.Owner, Verdict.Duplicate, hour, 2),
            new(TestStore.Owner + 1, Verdict.Duplicate, hour + 1, 1),
        ];
        Assert.Equal(expected, await store.RejectionsAsync());
        await store.RestartAsync();
        Assert.Equal(expected, await store.RejectionsAsync());
    }

    [Fact]
    public async Task Totals_are_kept_by_owner_sku_and_hour_of_the_record()
    {
        await using var store = new TestStore();
        long hour = HourRange.HourOf(MeteringClock.ToUnixNanoseconds(store.Time.GetUtcNow()));
        await store.WriteAsync(new RecordSpec(1, 10), new RecordSpec(2, 20, AgeSeconds: 3600), new RecordSpec(3, 30, Sku: 9), new RecordSpec(4, 40));
        await store.Ledger.WriteAsync(store.Request([new RecordSpec(5, 50)], owner: 1));
        HourTotal[] expected =
        [
            new(1, TestStore.Sku, hour, 50, 1),
            new(TestStore.Owner, TestStore.Sku, hour - 1, 20, 1),
            new(TestStore.Owner, TestStore.Sku, hour, 50, 2),
            new(TestStore.Owner, 9, hour, 30, 1),
        ];
        Assert.Equal(expected, await store.TotalsAsync());
        Assert.Equal([expected[1]], await store.Ledger.ReadTotalsAsync(new HourRange(hour - 1, hour), TestStore.Stop).ToListAsync(TestStore.Stop));
        Assert.Equal(expected, await (await store.RestartAsync()).Ledger.ReadTotalsAsync(HourRange.All, TestStore.Stop).ToListAsync(TestStore.Stop));
    }

    [Fact]
    public async Task Sums_beyond_64_bits_stay_exact()
    {
        await using var store = new TestStore();
        Int128 expected = 0;
        for (int id = 1; id <= 60; id += 20)
        {
            await store.WriteAsync([.. Enumerable.Range(id, 20).Select(number => new RecordSpec(number, long.MaxValue))]);
            await store.RestartAsync();
            expected += (Int128)long.MaxValue * 20;
        }

        Assert.True(expected > ulong.MaxValue);
        Assert.Equal(expected, Assert.Single(await store.TotalsAsync()).Quantity);
        await store.AssertSoundAsync();
    }

    [Fact]
    public async Task Everything_about_a_record_is_kept()
    {
        await using var store = new TestStore();
        UsageWrite write = store.Request([new RecordSpec(1, 42, Sku: 5, AgeSeconds: 17), new RecordSpec(2, Before: Verdict.InvalidId), new RecordSpec(3, AgeSeconds: -59)]);
        await store.VerdictsAsync(write);
        long received = write.ReceivedUnixNanoseconds;
        await store.RestartAsync();
        CountedRecord[] expected =
        [
            new(new RecordSpec(1).Uuid, TestStore.Owner, 5, 42, received - 17_000_000_000, received, TestStore.Account, write.RequestId),
            new(new RecordSpec(3).Uuid, TestStore.Owner, TestStore.Sku, 1, received + 59_000_000_000, received, TestStore.Account, write.RequestId),
        ];
        Assert.Equal(expected, await store.RecordsAsync());
    }

    [Fact]
    public async Task The_clocks_high_water_mark_survives_a_restart_and_never_falls()
    {
        await using var store = new TestStore();
        Assert.Equal(0, store.Ledger.HighWaterUnixNanoseconds);
        await store.WriteAsync(1);
        long mark = MeteringClock.ToUnixNanoseconds(store.Time.GetUtcNow());
        store.Time.Advance(TimeSpan.FromHours(-3));
        await store.WriteAsync(2);
        Assert.Equal(mark, store.Ledger.HighWaterUnixNanoseconds);
        Assert.Equal(mark, (await store.RestartAsync()).Ledger.HighWaterUnixNanoseconds);
    }

    [Fact]
    public async Task No_more_requests_than_a_group_holds_are_in_one_commit()
    {
        await using var store = new TestStore(options => options with { GroupRequests = 3 });
        using var hold = new ManualResetEventSlim();
        Task held = store.Store.ChangeAsync(_ => hold.Wait());
        Task<LedgerAnswer>[] answers = [.. Enumerable.Range(1, 7).Select(id => store.WriteAsync(id))];
        hold.Set();
        await held;
        Assert.All(await Task.WhenAll(answers), answer => Assert.Equal(LedgerAnswer.Committed, answer));
        await store.Store.ChangeAsync(database =>
        {
            Assert.Equal(3, database.QueryNumber("SELECT count(*) FROM batch"));
            Assert.Equal(1, database.QueryNumber("SELECT records FROM batch ORDER BY number DESC LIMIT 1"));
        });
    }

    [Fact]
    public async Task A_full_queue_answers_at_once()
    {
        await using var store = new TestStore(options => options with { QueueRequests = 4, GroupRequests = 1 });
        using var hold = new ManualResetEventSlim();
        Task held = store.Store.ChangeAsync(_ => hold.Wait());
        Task<LedgerAnswer>[] answers = [.. Enumerable.Range(1, 6).Select(id => store.WriteAsync(id))];
        Assert.Equal([false, false, false, false, true, true], answers.Select(answer => answer.IsCompleted));
        Assert.Equal(4, store.Store.QueuedRequests);
        hold.Set();
        await held;
        LedgerAnswer[] expected = [.. Enumerable.Repeat(LedgerAnswer.Committed, 4), LedgerAnswer.QueueFull, LedgerAnswer.QueueFull];
        Assert.Equal(expected, await Task.WhenAll(answers));
        Assert.Equal(LedgerAnswer.Committed, await store.WriteAsync(7));
        Assert.Equal(5, (await store.RecordsAsync()).Count);
    }

    [Fact]
    public async Task Closing_finishes_what_waits_and_refuses_what_comes_later()
    {
        await using var store = new TestStore();
        ILedger ledger = store.Ledger;
        using var hold = new ManualResetEventSlim();
        Task held = store.Store.ChangeAsync(_ => hold.Wait());
        Task<LedgerAnswer>[] waiting = [.. Enumerable.Range(1, 50).Select(id => store.WriteAsync(id))];
        UsageWrite late = store.Request([51]);
        Task closing = store.CloseAsync();
        hold.Set();
        await closing;
        await held;
        Assert.All(await Task.WhenAll(waiting), answer => Assert.Equal(LedgerAnswer.Committed, answer));
        Assert.Equal(LedgerAnswer.Closing, await ledger.WriteAsync(late));
        Assert.Equal(50, (await store.RecordsAsync()).Count);
    }
}
