namespace Metering.Ledger;

/// <summary>
/// The time that verdicts are given by: the <see cref="TimeProvider"/>'s, but never earlier than any reading before
/// it, across restarts too, so that a clock stepping back does not reopen the acceptance window.
/// </summary>
/// <param name="time">Where the time comes from.</param>
/// <param name="highWaterUnixNanoseconds">The latest reading that the ledger remembers; 0 when it is new.</param>
public sealed class MeteringClock(TimeProvider time, long highWaterUnixNanoseconds)
{
    private long _highWater = highWaterUnixNanoseconds;

    /// <summary>Latest reading given out, in nanoseconds since 1970-01-01T00:00:00Z.</summary>
    public long HighWaterUnixNanoseconds => Volatile.Read(ref _highWater);

    /// <summary>One reading, in nanoseconds since 1970-01-01T00:00:00Z. A request takes exactly one.</summary>
    public long ReadUnixNanoseconds()
    {
        long now = ToUnixNanoseconds(time.GetUtcNow());
        long seen = Volatile.Read(ref _highWater);
        while (now > seen)
        {
            long before = Interlocked.CompareExchange(ref _highWater, now, seen);
            if (before == seen)
                return now;
            seen = before;
        }

        return seen;
    }

    /// <summary>Nanoseconds since 1970-01-01T00:00:00Z.</summary>
    public static long ToUnixNanoseconds(DateTimeOffset moment) => (moment.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) * 100;

    /// <summary>The moment, to the 100 ns that .NET can express.</summary>
    public static DateTimeOffset ToDateTimeOffset(long unixNanoseconds) => DateTimeOffset.UnixEpoch.AddTicks(unixNanoseconds / 100);
}
