using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// A token bucket for each account: a burst at once, then so many requests per second. An account that never asks, or
/// whose bucket is full again, takes no memory.
/// </summary>
/// <remarks>
/// A bucket is one number: the moment at which it will be full. Each request puts it off by one interval, and is refused
/// when that would put it further off than a whole burst. No bucket is filled by a timer.
/// </remarks>
public sealed class AccountRate
{
    private static readonly Refusal TooManyAccounts = new(
        RefusalKind.Overloaded, "Too many accounts are writing at once. Send the same records again later.", RetryAfter: TimeSpan.FromSeconds(1));

    private readonly Lock _taking = new();
    private readonly Dictionary<int, long> _fullAt = []; // by the account's key, in ticks of the time provider
    private readonly TimeProvider _time;
    private readonly int _requestsPerSecond;
    private readonly int _accounts;
    private readonly long _interval; // ticks per request; whole, as sums of fractions would lose ticks after a long uptime
    private readonly long _burst; // ticks that a full bucket is ahead of an empty one
    private long _crowdedUntil = long.MinValue;

    /// <param name="requestsPerSecond">How fast a bucket fills; 1 to <see cref="Limits.AccountRateMaximum"/>.</param>
    /// <param name="burst">Requests that a full bucket holds; 1 to <see cref="Limits.AccountBurstMaximum"/>.</param>
    /// <param name="accounts">Most accounts whose bucket is not full at once.</param>
    /// <param name="time">Measures time; a clock that is set changes nothing.</param>
    public AccountRate(int requestsPerSecond, int burst, int accounts, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(requestsPerSecond);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(burst);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(accounts);
        _requestsPerSecond = requestsPerSecond;
        _accounts = accounts;
        _time = time;
        _interval = Math.Max(1, time.TimestampFrequency / requestsPerSecond);
        _burst = _interval * burst;
    }

    /// <summary>Accounts whose bucket is remembered.</summary>
    public int Count
    {
        get
        {
            lock (_taking)
                return _fullAt.Count;
        }
    }

    /// <summary>Takes one request out of the account's bucket; refuses, with the time to wait, when there is none.</summary>
    public Refusal? Take(int accountKey)
    {
        long now = _time.GetTimestamp();
        lock (_taking)
        {
            if (!_fullAt.TryGetValue(accountKey, out long fullAt) && !HasRoom(now))
                return TooManyAccounts;
            long next = Math.Max(fullAt, now) + _interval;
            long wait = next - now - _burst;
            if (wait > 0)
                return Refuse(wait);
            _fullAt[accountKey] = next;
            return null;
        }
    }

    // A bucket that is full again is as good as none. Looks through all of them once a second at most.
    private bool HasRoom(long now)
    {
        if (_fullAt.Count < _accounts)
            return true;
        if (now < _crowdedUntil)
            return false;
        foreach ((int account, long fullAt) in _fullAt)
        {
            if (fullAt <= now)
                _fullAt.Remove(account); // a removal does not disturb the enumeration
        }

        _crowdedUntil = now + _time.TimestampFrequency;
        return _fullAt.Count < _accounts;
    }

    private Refusal Refuse(long ticks) => new(
        RefusalKind.Overloaded,
        $"The account has used up its {_requestsPerSecond} requests per second. Send the same records again a little later.",
        RetryAfter: TimeSpan.FromSeconds((double)ticks / _time.TimestampFrequency));
}
