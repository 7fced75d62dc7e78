namespace Metering.Server;

/// <summary>
/// Distances, counted by <see cref="SkewBuckets"/>, with the greatest exact. Takes no memory before the first, which most never
/// see: few clocks are fast. Not thread-safe.
/// </summary>
internal sealed class SkewCounts
{
    private long[] _records = [];
    private long _maxMilliseconds;

    /// <summary>Records counted.</summary>
    public long Records { get; private set; }

    /// <summary>Counts one record.</summary>
    /// <param name="milliseconds">Its distance; 0 or more.</param>
    public void Add(long milliseconds)
    {
        if (Records == 0)
            Begin();
        _records[SkewBuckets.IndexOf(milliseconds)]++;
        Records++;
        _maxMilliseconds = Math.Max(_maxMilliseconds, milliseconds);
    }

    /// <summary>Counts what another counted, too.</summary>
    public void Add(SkewCounts other)
    {
        if (other.Records == 0)
            return;
        if (Records == 0)
            Begin();
        for (int index = 0; index < _records.Length; index++)
            _records[index] += other._records[index];
        Records += other.Records;
        _maxMilliseconds = Math.Max(_maxMilliseconds, other._maxMilliseconds);
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Array.Clear(_records);
        Records = 0;
        _maxMilliseconds = 0;
    }

    /// <summary>What there is to say of them.</summary>
    public SkewSummary Summarize() => new(Records, Quantile(0.5), Quantile(0.99), TimeSpan.FromMilliseconds(_maxMilliseconds));

    private void Begin()
    {
        if (_records.Length == 0)
            _records = new long[SkewBuckets.Count];
    }

    private TimeSpan Quantile(double part)
    {
        long rank = (long)Math.Ceiling(part * Records);
        long passed = 0;
        for (int index = 0; index < _records.Length && rank > 0; index++)
        {
            passed += _records[index];
            if (passed >= rank)
                return TimeSpan.FromMilliseconds(Math.Min(SkewBuckets.GreatestOf(index), _maxMilliseconds));
        }

        return TimeSpan.Zero;
    }
}

/// <summary>Distances between timestamps and the server's clock.</summary>
/// <param name="Records">Records measured.</param>
/// <param name="P50">Half of them were this far off at most; up to an eighth too much, never too little.</param>
/// <param name="P99">99 of 100 were this far off at most; likewise.</param>
/// <param name="Max">The one that was furthest off, exactly.</param>
public readonly record struct SkewSummary(long Records, TimeSpan P50, TimeSpan P99, TimeSpan Max);
