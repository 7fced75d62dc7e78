using System.Globalization;

namespace Metering.Ledger.TestKit;

/// <content>
/// Random sequences of requests, clock moves and restarts against a model too plain to be wrong. A failure names its
/// seed; METERING_SEED runs that one alone.
/// </content>
public abstract partial class StoreContract
{
    public static TheoryData<int> Seeds =>
        Environment.GetEnvironmentVariable("METERING_SEED") is { } seed ? [int.Parse(seed, CultureInfo.InvariantCulture)] : [.. Enumerable.Range(1, 25)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Verdicts_totals_and_rejections_are_the_models(int seed)
    {
        var random = new Random(seed);
        await using Nodes nodes = await OpenAsync(Nodes, new StoreShape { GroupRequests = 1 + (seed % 5), Seed = seed });
        var model = new LedgerModel();
        for (int step = 0; step < Steps; step++)
        {
            switch (random.Next(20))
            {
                case 0:
                    await nodes[random.Next(nodes.Count)].RestartAsync();
                    break;
                case 1:
                    nodes.Time.Advance(TimeSpan.FromMinutes(random.Next(-90, 120)));
                    break;
                default:
                    await SendAtOnceAsync(nodes, random, model);
                    break;
            }
        }

        await nodes.RestartAsync();
        StoreUnderTest store = nodes.First;
        Assert.Equal(model.SortedTotals(), await store.TotalsAsync());
        Assert.Equal(model.SortedRejections(), await store.RejectionsAsync());
        Assert.Equal(model.HighWater, store.Ledger.HighWaterUnixNanoseconds);
        await store.AssertSoundAsync();
    }

    private async Task SendAtOnceAsync(Nodes nodes, Random random, LedgerModel model)
    {
        UsageWrite[] writes = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => RandomRequest(nodes.First, random))];
        Task<LedgerAnswer>[] answers = [.. writes.Select(write => nodes[random.Next(nodes.Count)].Ledger.WriteAsync(write).AsTask())];
        Assert.All(await Task.WhenAll(answers), answer => Assert.Equal(LedgerAnswer.Committed, answer));
        if (IsArrivalOrderKept)
        {
            foreach (UsageWrite write in writes)
                Assert.Equal(model.Judge(write), TestLedger.VerdictsOf(write));
        }
        else
        {
            Assert.True(model.TryExplain(writes), "The verdicts of requests sent at once are those of no order in which they can have come.");
        }
    }

    private static UsageWrite RandomRequest(TestLedger store, Random random)
    {
        var records = Enumerable.Range(0, random.Next(1, 26)).Select(_ => new RecordSpec(
            random.Next(1, 400),
            random.Next(4) == 0 ? long.MaxValue - random.Next(5) : random.Next(1, 1000),
            random.Next(1, 4),
            random.Next(-60, 3600),
            random.Next(10) == 0 ? (Verdict)random.Next(1, 4) : Verdict.Accepted,
            random.Next(5) == 0 ? (Verdict)random.Next(5, 8) : Verdict.Accepted));
        return store.Request([.. records], dryRun: random.Next(4) == 0, owner: random.Next(1, 4));
    }
}
