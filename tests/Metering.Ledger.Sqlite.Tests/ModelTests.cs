using System.Globalization;

namespace Metering.Ledger.Sqlite.Tests;

/// <summary>
/// Random sequences of requests, clock moves and restarts against a model too plain to be wrong. A failure names its
/// seed; METERING_SEED runs that one alone.
/// </summary>
public sealed class ModelTests
{
    public static TheoryData<int> Seeds =>
        Environment.GetEnvironmentVariable("METERING_SEED") is { } seed ? [int.Parse(seed, CultureInfo.InvariantCulture)] : [.. Enumerable.Range(1, 25)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Verdicts_totals_and_rejections_are_the_models(int seed)
    {
        var random = new Random(seed);
        await using var store = new TestStore(options => options with
        {
            GroupRequests = 1 + (seed % 5),
            IndexRecentUuids = seed % 4 == 0 ? options.IndexRecentUuids : 1 + (seed % 4 * 15), // sealing and merging all the time
            IndexFanIn = 2 + (seed % 3),
        });
        var model = new Model();
        for (int step = 0; step < 120; step++)
        {
            switch (random.Next(20))
            {
                case 0:
                    await store.RestartAsync();
                    break;
                case 1:
                    store.Time.Advance(TimeSpan.FromMinutes(random.Next(-90, 120)));
                    break;
                default:
                    // Several requests at once: the ledger must take them in the order in which they came.
                    UsageWrite[] writes = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => RandomRequest(store, random))];
                    Task<LedgerAnswer>[] answers = [.. writes.Select(write => store.Ledger.WriteAsync(write).AsTask())];
                    Assert.All(await Task.WhenAll(answers), answer => Assert.Equal(LedgerAnswer.Committed, answer));
                    foreach (UsageWrite write in writes)
                        Assert.Equal(model.Judge(write), write.Records.ToArray().Select(record => record.Verdict));
                    break;
            }
        }

        await store.RestartAsync();
        Assert.Equal(model.SortedTotals(), await store.TotalsAsync());
        Assert.Equal(model.SortedRejections(), await store.RejectionsAsync());
        Assert.Equal(model.HighWater, store.Ledger.HighWaterUnixNanoseconds);
        await store.AssertSoundAsync();
    }

    private static UsageWrite RandomRequest(TestStore store, Random random)
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

    private sealed class Model
    {
        private const long Hour = 3_600_000_000_000;
        private readonly HashSet<UInt128> _counted = [];
        private readonly Dictionary<(int Owner, int Sku, long Hour), (Int128 Quantity, long Records)> _totals = [];
        private readonly Dictionary<(int Owner, Verdict Reason, long Hour), long> _rejections = [];

        public long HighWater { get; private set; }

        public List<Verdict> Judge(UsageWrite write)
        {
            HashSet<UInt128> counted = write.DryRun ? [.. _counted] : _counted;
            var verdicts = new List<Verdict>();
            foreach (UsageRecord record in write.Records)
            {
                Verdict verdict = record.BeforeDuplicate;
                if (verdict == Verdict.Accepted)
                    verdict = counted.Contains(record.Uuid) ? Verdict.Duplicate : record.AfterDuplicate;
                if (verdict == Verdict.Accepted)
                    counted.Add(record.Uuid);
                verdicts.Add(verdict);
                if (!write.DryRun)
                    Count(write, record, verdict);
            }

            if (!write.DryRun)
                HighWater = Math.Max(HighWater, write.ReceivedUnixNanoseconds);
            return verdicts;
        }

        public List<HourTotal> SortedTotals() =>
            [.. _totals.OrderBy(total => total.Key).Select(total => new HourTotal(total.Key.Owner, total.Key.Sku, total.Key.Hour, total.Value.Quantity, total.Value.Records))];

        public List<HourRejections> SortedRejections() =>
            [.. _rejections.OrderBy(count => count.Key).Select(count => new HourRejections(count.Key.Owner, count.Key.Reason, count.Key.Hour, count.Value))];

        private void Count(UsageWrite write, UsageRecord record, Verdict verdict)
        {
            if (verdict == Verdict.Accepted)
            {
                (int, int, long) key = (write.OwnerKey, record.SkuKey, record.TimestampUnixNanoseconds / Hour);
                (Int128 quantity, long records) = _totals.GetValueOrDefault(key);
                _totals[key] = (quantity + record.Quantity, records + 1);
            }
            else
            {
                (int, Verdict, long) key = (write.OwnerKey, verdict, write.ReceivedUnixNanoseconds / Hour);
                _rejections[key] = _rejections.GetValueOrDefault(key) + 1;
            }
        }
    }
}
