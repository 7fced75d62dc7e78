namespace Metering.Ledger.TestKit;

/// <content>Sums by windows of time, against sums that are added up in memory.</content>
public abstract partial class StoreContract
{
    /// <summary>Does now what the store would do for its readings in the background, sooner or later; nothing where there is nothing of the kind.</summary>
    protected virtual Task SettleAsync(IMeteringStore store) => Task.CompletedTask;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Sums_by_windows_are_those_of_the_records_whatever_was_settled(int seed)
    {
        var random = new Random(seed);
        await using Nodes nodes = await OpenAsync(Nodes, new StoreShape { Seed = seed });
        var history = new List<HourTotal>();
        int id = 1;
        for (int step = 0; step < 12; step++)
        {
            for (int request = random.Next(1, 5); request > 0; request--)
            {
                UsageWrite write = nodes.First.Request(
                    [.. Enumerable.Range(id, 20).Select(number => RandomRecord(number, random, seed))], owner: random.Next(1, 5));
                id += 20;
                Assert.Equal(LedgerAnswer.Committed, await nodes[random.Next(nodes.Count)].Ledger.WriteAsync(write));
                history.AddRange(write.Records.ToArray().Select(record => new HourTotal(
                    write.OwnerKey, record.SkuKey, HourRange.HourOf(record.TimestampUnixNanoseconds), record.Quantity, 1)));
            }

            if (random.Next(2) == 0)
                await SettleAsync(nodes.First.Store);
            if (random.Next(6) == 0)
                await nodes.RestartAsync();
            nodes.Time.Advance(TimeSpan.FromHours(random.Next(30)));
            for (int question = 0; question < 6; question++)
                await CompareAsync(nodes[random.Next(nodes.Count)].Store.Totals, history, random);
        }

        HourRange bounds = await nodes.First.Store.Totals.BoundsAsync(Stop);
        Assert.All(history, total => Assert.InRange(total.Hour, bounds.FromHour, bounds.ToHour - 1));
        await nodes.First.AssertSoundAsync();
    }

    [Fact]
    public async Task Sums_of_windows_beyond_64_bits_are_exact_before_and_after_they_settle()
    {
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
        for (int id = 1; id <= 80; id += 20)
            await store.WriteAsync([.. Enumerable.Range(id, 20).Select(number => new RecordSpec(number, long.MaxValue, AgeSeconds: number * 3600))]);
        long last = HourRange.HourOf(MeteringClock.ToUnixNanoseconds(store.Time.GetUtcNow()));
        var query = new TotalQuery([last - 1000, last - 60, last + 1], (_, _) => 2);
        WindowTotal[] expected =
        [
            new(0, 2, (Int128)long.MaxValue * 20, 20),
            new(1, 2, (Int128)long.MaxValue * 60, 60),
        ];
        Assert.Equal(expected, await SumsAsync(store.Store.Totals, query));
        store.Time.Advance(TimeSpan.FromDays(3));
        await SettleAsync(store.Store);
        Assert.Equal(expected, await SumsAsync(store.Store.Totals, query));
        Assert.True(expected[0].Quantity > ulong.MaxValue);
    }

    [Fact]
    public async Task A_ledger_without_records_has_no_sums_and_no_bounds()
    {
        await using Nodes nodes = await OpenAsync();
        Assert.True((await nodes.First.Store.Totals.BoundsAsync(Stop)).IsEmpty);
        await SettleAsync(nodes.First.Store);
        Assert.True((await nodes.First.Store.Totals.BoundsAsync(Stop)).IsEmpty);
        Assert.Empty(await SumsAsync(nodes.First.Store.Totals, new TotalQuery([-2_000_000, 0, 2_000_000], (_, _) => 0)));
    }

    // Mostly of the last days, sometimes far away: long before, or before 1970.
    private static RecordSpec RandomRecord(int id, Random random, int seed)
    {
        int age = random.Next(10) switch
        {
            0 => random.Next(seed % 2 == 0 ? 60 * 24 * 3600 : int.MaxValue),
            < 4 => random.Next(5 * 24 * 3600),
            _ => random.Next(3 * 3600),
        };
        return new RecordSpec(id, random.Next(3) == 0 ? long.MaxValue : random.Next(1, 1000), random.Next(1, 4), age);
    }

    private static async Task CompareAsync(ITotalReader reader, List<HourTotal> history, Random random)
    {
        long first = history.Min(total => total.Hour), last = history.Max(total => total.Hour);
        int step = random.Next(6) switch { 0 => 1, 1 => 24, 2 => random.Next(1, 60), _ => 0 };
        var edges = new SortedSet<long>();
        if (step == 0)
        {
            for (int edge = random.Next(2, 8); edge > 0; edge--)
                edges.Add(random.Next(3) == 0 ? random.NextInt64(first - 30, last + 30) : last - random.Next(-2, 150));
            edges.Add(last + 3);
            edges.Add(first - random.Next(3));
        }
        else
        {
            long start = step == 24 && random.Next(2) == 0 ? HourRange.OfDay(HourRange.DayOf(last - 120)).FromHour : last - random.Next(120);
            for (long edge = start; edge <= last + step; edge += step)
                edges.Add(edge);
        }

        int[]? owners = random.Next(2) == 0 ? null : [.. Enumerable.Range(1, 6).Where(_ => random.Next(2) == 0)];
        int skus = random.Next(1, 8);
        (int byOwner, int bySku) = (random.Next(2), random.Next(2));
        int GroupOf(int owner, int sku) => (owners is null || owners.Contains(owner)) && (skus & sku) != 0 ? (owner * byOwner * 8) + (sku * bySku) : -1;
        long[] ordered = [.. edges];
        IEnumerable<WindowTotal> expected = history
            .Where(total => GroupOf(total.OwnerKey, total.SkuKey) >= 0 && total.Hour >= ordered[0] && total.Hour < ordered[^1])
            .GroupBy(total => (Window: Array.FindLastIndex(ordered, edge => edge <= total.Hour), Group: GroupOf(total.OwnerKey, total.SkuKey)))
            .OrderBy(group => group.Key)
            .Select(group => new WindowTotal(
                group.Key.Window, group.Key.Group, group.Aggregate(Int128.Zero, (sum, total) => sum + total.Quantity), group.Count()));
        Assert.Equal(expected, await SumsAsync(reader, new TotalQuery(ordered, GroupOf) { Owners = owners }));
    }

    // In order; that lists come in the order of windows, and that none is split between two, is looked at on the way.
    private static async Task<List<WindowTotal>> SumsAsync(ITotalReader reader, TotalQuery query)
    {
        var sums = new List<WindowTotal>();
        await foreach (IReadOnlyList<WindowTotal> list in reader.ReadAsync(query, Stop))
        {
            Assert.NotEmpty(list);
            Assert.True(sums.Count == 0 || list.Min(sum => sum.Window) > sums[^1].Window);
            sums.AddRange(list.OrderBy(sum => (sum.Window, sum.Group)));
        }

        return sums;
    }
}
