using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// How far the timestamps of one account's records were from the server's clock: in slices of ten minutes, of which the last
/// six are told of by themselves, and everything before them together. A record costs one count, a request one lock.
/// </summary>
internal sealed class AccountTimes(string accountId)
{
    private const long NanosecondsPerMillisecond = 1_000_000;
    private const long SliceMilliseconds = 10 * 60 * 1000;
    private const int SlicesInWindow = 6;

    private readonly Lock _lock = new();
    private readonly Slice[] _slices = [.. Enumerable.Range(0, SlicesInWindow).Select(_ => new Slice())];
    private readonly Slice _before = new();
    private long _lastMilliseconds;
    private long _warnings;

    /// <summary>Whose records they are.</summary>
    public string AccountId { get; } = accountId;

    /// <summary>Measures the records of a request, once their verdicts are known.</summary>
    /// <returns>How far accepted records were off at most.</returns>
    public SkewExtremes Add(UsageWrite write)
    {
        long now = write.ReceivedUnixNanoseconds / NanosecondsPerMillisecond;
        var extremes = default(SkewExtremes);
        lock (_lock)
        {
            Slice slice = SliceOf(now);
            foreach (ref UsageRecord record in write.Records)
            {
                if (!SkewExtremes.TryMeasure(record, now, out long lag))
                    continue;
                if (lag >= 0)
                    slice.Lag.Add(lag);
                else
                    slice.Lead.Add(-lag);
                extremes.Include(record, lag);
            }

            _lastMilliseconds = Math.Max(_lastMilliseconds, now);
        }

        return extremes;
    }

    /// <summary>Counts a warning.</summary>
    public void Warned() => Interlocked.Increment(ref _warnings);

    /// <summary>Whether it wrote nothing in the window that ends now.</summary>
    public bool IsIdle(long unixNanoseconds)
    {
        lock (_lock)
            return (unixNanoseconds / NanosecondsPerMillisecond) - _lastMilliseconds >= SliceMilliseconds * SlicesInWindow;
    }

    /// <summary>What there is to tell of it.</summary>
    public SkewReport Report(long unixNanoseconds)
    {
        long current = unixNanoseconds / NanosecondsPerMillisecond / SliceMilliseconds;
        Slice window = new(), all = new();
        lock (_lock)
        {
            foreach (Slice slice in _slices.Where(slice => slice.Number > current - SlicesInWindow))
                window.Add(slice);
            foreach (Slice slice in _slices.Append(_before))
                all.Add(slice);
            return new SkewReport(
                AccountId, window.Lag.Summarize(), window.Lead.Summarize(), all.Lag.Summarize(), all.Lead.Summarize(), _warnings,
                DateTimeOffset.FromUnixTimeMilliseconds(_lastMilliseconds));
        }
    }

    // A request that waited for the ledger over the end of a slice is counted in its own, unless that is gone already.
    private Slice SliceOf(long milliseconds)
    {
        long number = milliseconds / SliceMilliseconds;
        Slice slice = _slices[number % SlicesInWindow];
        if (slice.Number >= number)
            return slice;
        _before.Add(slice);
        slice.Begin(number);
        return slice;
    }

    private sealed class Slice
    {
        public long Number;
        public readonly SkewCounts Lag = new();
        public readonly SkewCounts Lead = new();

        public void Begin(long number)
        {
            Number = number;
            Lag.Clear();
            Lead.Clear();
        }

        public void Add(Slice other)
        {
            Lag.Add(other.Lag);
            Lead.Add(other.Lead);
        }
    }
}

/// <summary>What there is to tell of an account's timestamps.</summary>
/// <param name="AccountId">Whose records they are.</param>
/// <param name="LagOfLastHour">Records behind the server's clock, over the last hour.</param>
/// <param name="LeadOfLastHour">Records ahead of it, over the last hour.</param>
/// <param name="Lag">Records behind it, since the server started.</param>
/// <param name="Lead">Records ahead of it, since the server started.</param>
/// <param name="Warnings">Requests that were answered with a warning.</param>
/// <param name="LastWrite">When a record was measured last, to the millisecond.</param>
public sealed record SkewReport(
    string AccountId, SkewSummary LagOfLastHour, SkewSummary LeadOfLastHour, SkewSummary Lag, SkewSummary Lead, long Warnings,
    DateTimeOffset LastWrite);
