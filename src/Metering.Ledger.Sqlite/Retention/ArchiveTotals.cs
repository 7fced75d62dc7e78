namespace Metering.Ledger.Sqlite;

/// <summary>Sums of an archive's records, by owner, SKU and hour.</summary>
internal sealed class ArchiveTotals
{
    private readonly Dictionary<(int Owner, int Sku, long Hour), Sum> _sums = [];

    // Neighbours mostly share a total.
    private (int Owner, int Sku, long Hour) _runningKey;
    private Sum? _running;

    /// <summary>Number of totals.</summary>
    public int Count => _sums.Count;

    /// <summary>The totals, sorted by owner, SKU and hour.</summary>
    public IEnumerable<HourTotal> Sorted() => _sums
        .OrderBy(sum => sum.Key)
        .Select(sum => new HourTotal(sum.Key.Owner, sum.Key.Sku, sum.Key.Hour, sum.Value.Quantity, sum.Value.Records));

    /// <summary>Adds a record.</summary>
    public void Add(in CountedRecord record)
    {
        Sum sum = SumOf(record);
        sum.Quantity += record.Quantity;
        sum.Records++;
    }

    /// <summary>Takes a record out that was added.</summary>
    public void TakeBack(in CountedRecord record)
    {
        Sum sum = SumOf(record);
        sum.Quantity -= record.Quantity;
        if (--sum.Records > 0)
            return;
        _sums.Remove(_runningKey);
        _running = null;
    }

    private Sum SumOf(in CountedRecord record)
    {
        var key = (record.OwnerKey, record.SkuKey, HourRange.HourOf(record.TimestampUnixNanoseconds));
        if (_running is not null && key == _runningKey)
            return _running;
        if (!_sums.TryGetValue(key, out Sum? sum))
            _sums.Add(key, sum = new Sum());
        (_runningKey, _running) = (key, sum);
        return sum;
    }

    private sealed class Sum
    {
        public Int128 Quantity;
        public long Records;
    }
}
