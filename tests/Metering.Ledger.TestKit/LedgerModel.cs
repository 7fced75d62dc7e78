namespace Metering.Ledger.TestKit;

/// <summary>A ledger too plain to be wrong: sets and sums in memory, one request after the other.</summary>
public sealed class LedgerModel
{
    private const long Hour = 3_600_000_000_000;
    private readonly HashSet<UInt128> _counted = [];
    private readonly Dictionary<(int Owner, int Sku, long Hour), (Int128 Quantity, long Records)> _totals = [];
    private readonly Dictionary<(int Owner, Verdict Reason, long Hour), long> _rejections = [];

    public long HighWater { get; private set; }

    /// <summary>The verdicts that a request has to get, which is counted then.</summary>
    public IReadOnlyList<Verdict> Judge(UsageWrite write)
    {
        var accepted = new HashSet<UInt128>();
        List<Verdict> verdicts = Judge(write, accepted);
        if (write.DryRun)
            return verdicts;
        _counted.UnionWith(accepted);
        for (int index = 0; index < verdicts.Count; index++)
            Count(write, write.Records[index], verdicts[index]);
        HighWater = Math.Max(HighWater, write.ReceivedUnixNanoseconds);
        return verdicts;
    }

    /// <summary>
    /// Whether the verdicts that the requests got are those of some order among them; they are counted then. Two orders that
    /// give the same verdicts count the same.
    /// </summary>
    public bool TryExplain(IReadOnlyList<UsageWrite> writes)
    {
        if (FindOrder(writes) is not { } order)
            return false;
        foreach (UsageWrite write in order)
            Judge(write);
        return true;
    }

    public IReadOnlyList<HourTotal> SortedTotals() =>
        [.. _totals.OrderBy(total => total.Key).Select(total => new HourTotal(total.Key.Owner, total.Key.Sku, total.Key.Hour, total.Value.Quantity, total.Value.Records))];

    public IReadOnlyList<HourRejections> SortedRejections() =>
        [.. _rejections.OrderBy(count => count.Key).Select(count => new HourRejections(count.Key.Owner, count.Key.Reason, count.Key.Hour, count.Value))];

    private List<UsageWrite>? FindOrder(IReadOnlyList<UsageWrite> writes)
    {
        if (writes.Count == 0)
            return [];
        foreach (UsageWrite first in writes)
        {
            var accepted = new HashSet<UInt128>();
            if (!Judge(first, accepted).SequenceEqual(TestLedger.VerdictsOf(first)))
                continue;
            HashSet<UInt128> added = first.DryRun ? [] : accepted;
            _counted.UnionWith(added);
            List<UsageWrite>? others = FindOrder([.. writes.Where(write => write != first)]);
            _counted.ExceptWith(added);
            if (others is not null)
                return [first, .. others];
        }

        return null;
    }

    private List<Verdict> Judge(UsageWrite write, HashSet<UInt128> accepted)
    {
        var verdicts = new List<Verdict>();
        foreach (UsageRecord record in write.Records)
        {
            Verdict verdict = record.BeforeDuplicate;
            if (verdict == Verdict.Accepted)
                verdict = _counted.Contains(record.Uuid) || accepted.Contains(record.Uuid) ? Verdict.Duplicate : record.AfterDuplicate;
            if (verdict == Verdict.Accepted)
                accepted.Add(record.Uuid);
            verdicts.Add(verdict);
        }

        return verdicts;
    }

    private void Count(UsageWrite write, in UsageRecord record, Verdict verdict)
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
