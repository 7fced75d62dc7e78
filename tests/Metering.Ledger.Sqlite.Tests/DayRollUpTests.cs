namespace Metering.Ledger.Sqlite.Tests;

/// <summary>Days that are rolled up: quick to read, never anything but the hours.</summary>
public class DayRollUpTests
{
    private static CancellationToken Stop => TestStore.Stop;

    [Fact]
    public async Task A_day_is_rolled_up_once_no_more_records_are_expected_and_days_without_records_cost_nothing()
    {
        await using var store = new TestStore();
        await store.WriteAsync(new RecordSpec(1, AgeSeconds: 400 * 24 * 3600), 2); // now is 12:30
        Assert.Equal(1, await store.Store.RollUpAsync(Stop));
        store.Time.Advance(TimeSpan.FromHours(12.5));
        Assert.Equal(0, await store.Store.RollUpAsync(Stop)); // 01:00, and a record of 23:59 may come until 01:01
        store.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, await store.Store.RollUpAsync(Stop));
        Assert.Equal(0, await store.Store.RollUpAsync(Stop));
        store.Time.Advance(TimeSpan.FromDays(1000));
        Assert.Equal(0, await store.Store.RollUpAsync(Stop));
        await store.CloseAsync();
        Assert.Equal(2, Number(store, "SELECT count(*) FROM day_total"));
        Assert.Equal(HourRange.DayOf(HourRange.HourOf(MeteringClock.ToUnixNanoseconds(store.Time.GetUtcNow()))), Number(store, "SELECT end_day FROM rolled_up"));
    }

    [Fact]
    public async Task What_is_rolled_up_is_what_is_read()
    {
        // The control of every other test here: nobody would notice a difference if the hours were read all the same.
        await using var store = new TestStore();
        await store.WriteAsync(new RecordSpec(1, 5, AgeSeconds: 3 * 24 * 3600));
        await store.Store.RollUpAsync(Stop);
        await store.CloseAsync();
        store.Edit("DELETE FROM hour_total");
        Assert.Equal(5, Assert.Single(await DaysAsync(store)).Quantity);
    }

    [Fact]
    public async Task A_record_that_comes_for_a_day_that_was_rolled_up_is_in_its_sums_at_once_and_the_day_is_rolled_up_again()
    {
        await using var store = new TestStore();
        await store.WriteAsync(new RecordSpec(1, 5, AgeSeconds: 3 * 24 * 3600));
        await store.Store.RollUpAsync(Stop);
        await store.WriteAsync(new RecordSpec(2, 7, AgeSeconds: 3 * 24 * 3600));
        Assert.Equal(12, Assert.Single(await DaysAsync(store)).Quantity);
        await store.RestartAsync();
        Assert.Equal(12, Assert.Single(await DaysAsync(store)).Quantity);
        Assert.Equal(1, await store.Store.RollUpAsync(Stop));
        Assert.Equal(0, await store.Store.RollUpAsync(Stop));
        Assert.Equal(12, Assert.Single(await DaysAsync(store)).Quantity);
    }

    [Fact]
    public async Task Records_that_come_while_their_days_are_rolled_up_are_in_the_sums()
    {
        await using var store = new TestStore();
        await store.WriteAsync(new RecordSpec(1, AgeSeconds: 20 * 24 * 3600));
        using var done = new CancellationTokenSource();
        Task rolling = Task.Run(
            async () =>
            {
                while (!done.IsCancellationRequested)
                    await store.Store.RollUpAsync(Stop);
            },
            Stop);
        var random = new Random(3);
        Int128 written = 1;
        for (int id = 2; id < 400; id++)
        {
            await store.WriteAsync(new RecordSpec(id, id, Sku: id % 5, AgeSeconds: random.Next(19 * 24 * 3600)));
            written += id;
            if (id % 20 == 0)
                Assert.Equal(written, (await DaysAsync(store)).Aggregate(Int128.Zero, (sum, total) => sum + total.Quantity));
        }

        await done.CancelAsync();
        await rolling;
        await store.Store.RollUpAsync(Stop);
        Assert.Equal(written, (await DaysAsync(store)).Aggregate(Int128.Zero, (sum, total) => sum + total.Quantity));
        await store.AssertSoundAsync();
    }

    [Fact]
    public async Task A_day_with_more_series_than_a_part_holds_has_several_parts()
    {
        const int Series = DayPart.SeriesMaximum + 10;
        await using var store = new TestStore();
        var writes = new List<UsageWrite>();
        for (int owner = 1; owner <= Series; owner++)
            writes.Add(store.Request([new RecordSpec(owner, owner, AgeSeconds: 2 * 24 * 3600)], owner: owner));
        foreach (UsageWrite[] some in writes.Chunk(1000))
            Assert.All(await Task.WhenAll(some.Select(write => store.Ledger.WriteAsync(write).AsTask())), answer => Assert.Equal(LedgerAnswer.Committed, answer));
        List<WindowTotal> before = await DaysAsync(store);
        await store.Store.RollUpAsync(Stop);
        Assert.Equal(before, await DaysAsync(store));
        List<WindowTotal> some2 = await DaysAsync(store, [2, Series - 1, Series + 7]);
        Assert.Equal([2, Series - 1], some2.Select(total => total.Group));
        await store.CloseAsync();
        Assert.Equal(2, Number(store, "SELECT count(*) FROM day_total"));
    }

    [Theory]
    [InlineData("UPDATE day_total SET sums = CAST(substr(sums, 1, 3) || x'00' || substr(sums, 5) AS BLOB)", 24)]
    [InlineData("UPDATE day_total SET hours = CAST(substr(hours, 1, 6) || x'00' || substr(hours, 8) AS BLOB)", 1)]
    [InlineData("UPDATE day_total SET series = series + 1", 24)]
    [InlineData("UPDATE day_total SET sums = x''", 24)]
    public async Task A_damaged_roll_up_is_told_of_and_made_again_and_the_sums_stay_right(string damage, int windowHours)
    {
        await using var store = new TestStore();
        await store.WriteAsync(new RecordSpec(1, 5, AgeSeconds: 3 * 24 * 3600), new RecordSpec(2, 6, AgeSeconds: 2 * 24 * 3600));
        await store.Store.RollUpAsync(Stop);
        await store.CloseAsync();
        store.Edit(damage);
        var told = new List<string>();
        store.Store.Noticed += (_, notice) => told.Add(notice.Sentence);
        for (int again = 0; again < 2; again++)
            Assert.Equal([(Int128)5, (Int128)6], (await DaysAsync(store, hours: windowHours)).Select(total => total.Quantity));
        Assert.Equal(2, told.Count);
        Assert.All(told, sentence => Assert.Contains("(UTC) is damaged", sentence));
        Assert.Equal(2, await store.Store.RollUpAsync(Stop));
        Assert.Equal([(Int128)5, (Int128)6], (await DaysAsync(store, hours: windowHours)).Select(total => total.Quantity));
        Assert.Equal(2, told.Count);
    }

    [Fact]
    public void The_encoding_of_a_day_never_changes()
    {
        var writer = new DayPartWriter(20_000);
        writer.Add(new HourTotal(5, 300, 480_000, 7, 1));
        writer.Add(new HourTotal(5, 300, 480_023, ((Int128)1 << 70) + 1, 2));
        writer.Add(new HourTotal(6, 4, 480_001, 128, 129));
        DayPart part = writer.Finish();
        Assert.Equal((5, 6, 2), (part.FirstOwner, part.LastOwner, part.Series));
        Assert.Equal("0100AC02888080808080808080800103010480018101C4BBF1D4", Convert.ToHexString(part.Sums));
        Assert.Equal("01010080070181808080808080808080010202000080018101CAAEC73D", Convert.ToHexString(part.Hours));
        var reader = new DayPartReader(20_000, 5, 2, part.Sums, part.Hours, hasHours: true);
        Assert.True(reader.Next());
        Assert.Equal(new HourTotal(5, 300, 480_000, ((Int128)1 << 70) + 8, 3), reader.Sum);
        Assert.Equal((7, 1), reader.NextHour());
        Assert.Equal((((Int128)1 << 70) + 1, 2), reader.NextHour());
        Assert.True(reader.Next());
        Assert.Equal((2u, (Int128)128), (reader.HourBits, reader.NextHour().Quantity));
        Assert.False(reader.Next());
    }

    private static async Task<List<WindowTotal>> DaysAsync(TestStore store, IReadOnlyList<int>? owners = null, int hours = 24)
    {
        long last = HourRange.OfDay(HourRange.DayOf(HourRange.HourOf(MeteringClock.ToUnixNanoseconds(store.Time.GetUtcNow()))) + 1).FromHour;
        var query = new TotalQuery([.. Enumerable.Range(0, (30 * 24 / hours) + 1).Select(window => last - (30 * 24) + (window * (long)hours))],
            (owner, _) => owners is null || owners.Contains(owner) ? owner : -1) { Owners = owners };
        List<IReadOnlyList<WindowTotal>> lists = await store.Store.Totals.ReadAsync(query, Stop).ToListAsync(Stop);
        return [.. lists.SelectMany(list => list).OrderBy(total => (total.Window, total.Group))];
    }

    private static long Number(TestStore store, string sql)
    {
        using Database database = Database.OpenForReading(store.Path);
        return database.QueryNumber(sql);
    }
}
