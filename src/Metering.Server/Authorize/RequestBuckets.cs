namespace Metering.Server;

/// <summary>
/// A bucket of requests for each key: a burst at once, then so many requests per second. A key that never asks, or whose
/// bucket is full again, takes no memory.
/// </summary>
/// <remarks>
/// A bucket is one number: the moment at which it will be full. Each request puts it off by one interval, and is refused
/// when that would put it further off than a whole burst. No bucket is filled by a timer.
/// </remarks>
internal sealed class RequestBuckets<TKey>
    where TKey : unmanaged
{
    private readonly Lock _taking = new();
    private readonly Dictionary<TKey, long> _fullAt = []; // in ticks of the time provider
    private readonly TimeProvider _time;
    private readonly int _keys;
    private readonly long _interval; // ticks per request; whole, as sums of fractions would lose ticks after a long uptime
    private readonly long _burst; // ticks that a full bucket is ahead of an empty one
    private long _crowdedUntil = long.MinValue;

    /// <param name="requestsPerSecond">How fast a bucket fills; at least 1.</param>
    /// <param name="burst">Requests that a full bucket holds; at least 1.</param>
    /// <param name="keys">Most keys whose bucket is not full at once.</param>
    /// <param name="time">Measures time; a clock that is set changes nothing.</param>
    public RequestBuckets(int requestsPerSecond, int burst, int keys, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(requestsPerSecond);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(burst);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(keys);
        _keys = keys;
        _time = time;
        _interval = Math.Max(1, time.TimestampFrequency / requestsPerSecond);
        _burst = _interval * burst;
    }

    /// <summary>Keys whose bucket is remembered.</summary>
    public int Count
    {
        get
        {
            lock (_taking)
                return _fullAt.Count;
        }
    }

    /// <summary>Takes one request out of the key's bucket.</summary>
    /// <param name="key">Whose bucket.</param>
    /// <param name="wait">When there is none in it, the time until there is; null when there is no room for another key.</param>
    public bool TryTake(TKey key, out TimeSpan? wait)
    {
        long now = _time.GetTimestamp();
        lock (_taking)
        {
            wait = null;
            if (!_fullAt.TryGetValue(key, out long fullAt) && !HasRoom(now))
                return false;
            long next = Math.Max(fullAt, now) + _interval;
            long ticks = next - now - _burst;
            if (ticks > 0)
            {
                wait = TimeSpan.FromSeconds((double)ticks / _time.TimestampFrequency);
                return false;
            }

            _fullAt[key] = next;
            return true;
        }
    }

    // A bucket that is full again is as good as none. Looks through all of them once a second at most.
    private bool HasRoom(long now)
    {
        if (_fullAt.Count < _keys)
            return true;
        if (now < _crowdedUntil)
            return false;
        foreach ((TKey key, long fullAt) in _fullAt)
        {
            if (fullAt <= now)
                _fullAt.Remove(key); // a removal does not disturb the enumeration
        }

        _crowdedUntil = now + _time.TimestampFrequency;
        return _fullAt.Count < _keys;
    }
}
