namespace Metering.Ledger.TestKit;

/// <content>One request after the other: verdicts, totals, counts of rejections, the clock.</content>
public abstract partial class StoreContract
{
    [Fact]
    public async Task An_accepted_record_is_counted_once()
    {
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
        Assert.Equal([Verdict.Accepted], await store.VerdictsAsync(1));
        Assert.Equal([Verdict.Duplicate], await store.VerdictsAsync(1));
        HourTotal total = Assert.Single(await store.TotalsAsync());
        Assert.Equal(new HourTotal(TestLedger.Owner, TestLedger.Sku, total.Hour, 1, 1), total);
        await store.AssertSoundAsync();
    }

    [Fact]
    public async Task A_uuid_sent_twice_in_one_request_counts_the_first_time()
    {
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
        Assert.Equal([Verdict.Accepted, Verdict.Duplicate, Verdict.Accepted], await store.VerdictsAsync(new RecordSpec(1, 5), new RecordSpec(1, 9), 2));
        Assert.Equal(6, Assert.Single(await store.TotalsAsync()).Quantity);
    }

    [Fact]
    public async Task A_rejected_record_does_not_use_up_its_uuid()
    {
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
        foreach (Verdict late in new[] { Verdict.Expired, Verdict.InvalidTimestamp, Verdict.InvalidQuantity })
            Assert.Equal([late, late], await store.VerdictsAsync(new RecordSpec(1, After: late), new RecordSpec(1, After: late)));
        foreach (Verdict early in new[] { Verdict.InvalidId, Verdict.InvalidSkuId, Verdict.InvalidProductId })
            Assert.Equal([early], await store.VerdictsAsync(new RecordSpec(1, Before: early)));
        Assert.Equal([Verdict.Accepted], await store.VerdictsAsync(1));
    }

    [Fact]
    public async Task A_late_retry_of_a_counted_record_hears_duplicate_and_not_expired()
    {
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
        await store.WriteAsync(1);
        Assert.Equal([Verdict.Duplicate], await store.VerdictsAsync(new RecordSpec(1, After: Verdict.Expired)));
        Assert.Equal([Verdict.InvalidSkuId], await store.VerdictsAsync(new RecordSpec(1, Before: Verdict.InvalidSkuId)));
    }

    [Fact]
    public async Task A_dry_run_judges_as_a_write_would_and_records_nothing()
    {
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
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
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
        long hour = HourRange.HourOf(MeteringClock.ToUnixNanoseconds(store.Time.GetUtcNow()));
        await store.WriteAsync(new RecordSpec(1, Before: Verdict.InvalidId), 2, 2);
        await store.WriteAsync(new RecordSpec(2, AgeSeconds: 7200, After: Verdict.Expired));
        store.Time.Advance(TimeSpan.FromHours(1));
        await store.Ledger.WriteAsync(store.Request([2], owner: TestLedger.Owner + 1));
        HourRejections[] expected =
        [
            new(TestLedger.Owner, Verdict.InvalidId, hour, 1),
            new(TestLedger.Owner, Verdict.Duplicate, hour, 2),
            new(TestLedger.Owner + 1, Verdict.Duplicate, hour + 1, 1),
        ];
        Assert.Equal(expected, await store.RejectionsAsync());
        Assert.Equal([expected[2]], await store.Ledger.ReadRejectionsAsync(new HourRange(hour + 1, hour + 2), Stop).ToListAsync(Stop));
        await store.RestartAsync();
        Assert.Equal(expected, await store.RejectionsAsync());
    }

    [Fact]
    public async Task Totals_are_kept_by_owner_sku_and_hour_of_the_record()
    {
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
        long hour = HourRange.HourOf(MeteringClock.ToUnixNanoseconds(store.Time.GetUtcNow()));
        await store.WriteAsync(new RecordSpec(1, 10), new RecordSpec(2, 20, AgeSeconds: 3600), new RecordSpec(3, 30, Sku: 9), new RecordSpec(4, 40));
        await store.Ledger.WriteAsync(store.Request([new RecordSpec(5, 50)], owner: 1));
        HourTotal[] expected =
        [
            new(1, TestLedger.Sku, hour, 50, 1),
            new(TestLedger.Owner, TestLedger.Sku, hour - 1, 20, 1),
            new(TestLedger.Owner, TestLedger.Sku, hour, 50, 2),
            new(TestLedger.Owner, 9, hour, 30, 1),
        ];
        Assert.Equal(expected, await store.TotalsAsync());
        Assert.Equal([expected[1]], await store.Ledger.ReadTotalsAsync(new HourRange(hour - 1, hour), Stop).ToListAsync(Stop));
        await store.RestartAsync();
        Assert.Equal(expected, await store.TotalsAsync());
    }

    [Fact]
    public async Task Sums_beyond_64_bits_stay_exact()
    {
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
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
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
        UsageWrite write = store.Request([new RecordSpec(1, 42, Sku: 5, AgeSeconds: 17), new RecordSpec(2, Before: Verdict.InvalidId), new RecordSpec(3, AgeSeconds: -59)]);
        await store.VerdictsAsync(write);
        long received = write.ReceivedUnixNanoseconds;
        await store.RestartAsync();
        CountedRecord[] expected =
        [
            new(new RecordSpec(1).Uuid, TestLedger.Owner, 5, 42, received - 17_000_000_000, received, TestLedger.Account, write.RequestId),
            new(new RecordSpec(3).Uuid, TestLedger.Owner, TestLedger.Sku, 1, received + 59_000_000_000, received, TestLedger.Account, write.RequestId),
        ];
        Assert.Equal(expected.OrderBy(record => record.Uuid), await store.RecordsAsync());
    }

    [Fact]
    public async Task A_restart_keeps_every_verdict()
    {
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
        for (int id = 1; id < 200; id += 20)
            await store.WriteAsync([.. Enumerable.Range(id, 20).Select(number => (RecordSpec)number)]);
        await store.RestartAsync();
        for (int id = 1; id <= 200; id++)
            Assert.Equal([Verdict.Duplicate], await store.VerdictsAsync(id));
        Assert.Equal([Verdict.Accepted], await store.VerdictsAsync(201));
        Assert.Equal(201, (await store.Ledger.VerifyAsync(Stop)).Records);
        await store.AssertSoundAsync();
    }

    [Fact]
    public async Task The_clocks_high_water_mark_survives_a_restart_and_never_falls()
    {
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
        Assert.Equal(0, store.Ledger.HighWaterUnixNanoseconds);
        await store.WriteAsync(1);
        long mark = MeteringClock.ToUnixNanoseconds(store.Time.GetUtcNow());
        store.Time.Advance(TimeSpan.FromHours(-3));
        await store.WriteAsync(2);
        Assert.Equal(mark, store.Ledger.HighWaterUnixNanoseconds);
        Assert.Equal(mark, (await store.RestartAsync()).Ledger.HighWaterUnixNanoseconds);
    }

    [Fact]
    public async Task An_operator_can_set_the_high_water_mark_back()
    {
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
        await store.WriteAsync(1);
        long earlier = store.Ledger.HighWaterUnixNanoseconds - 3_600_000_000_000;
        await store.Ledger.SetHighWaterAsync(earlier);
        Assert.Equal(earlier, store.Ledger.HighWaterUnixNanoseconds);
        Assert.Equal(earlier, (await store.RestartAsync()).Ledger.HighWaterUnixNanoseconds);
    }

    [Fact]
    public async Task More_requests_than_may_wait_are_refused_at_once_and_nothing_of_them_is_counted()
    {
        const int Requests = 2000; // handed over far faster than one can be committed
        await using Nodes nodes = await OpenAsync(shape: new StoreShape { QueueRequests = 4, GroupRequests = 1 });
        StoreUnderTest store = nodes.First;
        UsageWrite[] writes = [.. Enumerable.Range(1, Requests).Select(id => store.Request([id]))];
        Task<LedgerAnswer>[] answers = [.. writes.Select(write => store.Ledger.WriteAsync(write).AsTask())];
        LedgerAnswer[] answered = await Task.WhenAll(answers);
        Assert.Contains(LedgerAnswer.QueueFull, answered);
        Assert.All(answered, answer => Assert.Contains(answer, new[] { LedgerAnswer.Committed, LedgerAnswer.QueueFull }));
        Assert.Equal(answered.Count(answer => answer == LedgerAnswer.Committed), (await store.RecordsAsync()).Count);
        Assert.Equal([Verdict.Accepted], await store.VerdictsAsync(Requests + 1)); // and there is room again
    }

    [Fact]
    public async Task Closing_finishes_what_was_handed_over_and_refuses_what_comes_later()
    {
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
        ILedger ledger = store.Ledger;
        Task<LedgerAnswer>[] waiting = [.. Enumerable.Range(1, 50).Select(id => store.WriteAsync(id))];
        UsageWrite late = store.Request([51]);
        await store.CloseAsync();
        Assert.All(await Task.WhenAll(waiting), answer => Assert.Equal(LedgerAnswer.Committed, answer));
        Assert.Equal(LedgerAnswer.Closing, await ledger.WriteAsync(late));
        await store.RestartAsync();
        Assert.Equal(50, (await store.RecordsAsync()).Count);
    }

    [Fact]
    public async Task A_store_in_order_has_neither_failed_nor_an_outage()
    {
        await using Nodes nodes = await OpenAsync();
        await nodes.First.WriteAsync(1);
        Assert.False(nodes.First.Ledger.Failure.IsCompleted);
        Assert.Null(nodes.First.Ledger.Outage);
    }
}
