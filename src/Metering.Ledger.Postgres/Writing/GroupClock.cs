namespace Metering.Ledger.Postgres;

/// <summary>
/// Says when a node's groups were accepted, so that one that was begun after another was answered comes after it, whichever lane
/// took them and however coarse the clock is: the latest acceptance of a record, or a nanosecond more than the group before.
/// </summary>
internal sealed class GroupClock
{
    private long _last;

    /// <summary>The moment of the next group.</summary>
    /// <param name="acceptedUnixNanoseconds">Latest acceptance of a record in it.</param>
    public long Next(long acceptedUnixNanoseconds)
    {
        while (true)
        {
            long last = Volatile.Read(ref _last), next = Math.Max(last + 1, acceptedUnixNanoseconds);
            if (Interlocked.CompareExchange(ref _last, next, last) == last)
                return next;
        }
    }
}
