using System.Collections.Concurrent;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// How far the timestamps of each account's records are from the server's clock, and the warning of those who come close to
/// having them refused. In memory; of accounts at most so many, those that wrote nothing for an hour make room.
/// </summary>
public sealed class SkewWatch
{
    private const long NanosecondsPerMinute = 60_000_000_000;

    private readonly MeteringClock _clock;
    private readonly Lock _adding = new();
    private readonly ConcurrentDictionary<int, AccountTimes> _accounts = []; // by the account's key
    private readonly int _accountsMaximum;
    private long _unmeasured;
    private long _crowdedUntilUnixNanoseconds = long.MinValue;

    /// <param name="clock">The clock that verdicts are given by.</param>
    /// <param name="window">Greatest age of a record.</param>
    /// <param name="futureTolerance">Greatest lead of a record.</param>
    /// <param name="accountsMaximum">Most accounts that are measured at once.</param>
    public SkewWatch(MeteringClock clock, TimeSpan window, TimeSpan futureTolerance, int accountsMaximum)
    {
        _clock = clock;
        Warning = new SkewWarning(window, futureTolerance);
        _accountsMaximum = accountsMaximum;
        Started = MeteringClock.ToDateTimeOffset(clock.ReadUnixNanoseconds());
    }

    /// <summary>When measuring began.</summary>
    public DateTimeOffset Started { get; }

    /// <summary>From where on, and in which words, is warned.</summary>
    public SkewWarning Warning { get; }

    /// <summary>Records of accounts that there was no room for.</summary>
    public long UnmeasuredRecords => Volatile.Read(ref _unmeasured);

    /// <summary>Measures a request whose verdicts are known. A dry run is warned as the write would be, and not measured.</summary>
    /// <returns>The warning that its sender is to get, if any.</returns>
    public string? Observe(UsageWrite write, AccountEntry account)
    {
        AccountTimes? times = null;
        SkewExtremes extremes;
        if (write.DryRun)
        {
            extremes = SkewExtremes.Of(write);
        }
        else if (_accounts.TryGetValue(account.Key, out times) || TryAdd(account, write.ReceivedUnixNanoseconds, out times))
        {
            extremes = times!.Add(write);
        }
        else
        {
            Interlocked.Add(ref _unmeasured, write.Records.Length);
            return null;
        }

        if (!Warning.IsDue(extremes))
            return null;
        times?.Warned();
        return Warning.WordsFor(extremes);
    }

    /// <summary>What there is to tell, by account id.</summary>
    public IReadOnlyList<SkewReport> Report()
    {
        long now = _clock.HighWaterUnixNanoseconds;
        return [.. _accounts.Values.Select(account => account.Report(now)).OrderBy(report => report.AccountId, StringComparer.Ordinal)];
    }

    private bool TryAdd(AccountEntry account, long now, out AccountTimes? times)
    {
        lock (_adding)
        {
            if (_accounts.TryGetValue(account.Key, out times))
                return true;
            if (!HasRoom(now))
                return false;
            _accounts[account.Key] = times = new AccountTimes(account.Account.Id);
            return true;
        }
    }

    // Looks through all of them once a minute at most.
    private bool HasRoom(long now)
    {
        if (_accounts.Count < _accountsMaximum)
            return true;
        if (now < _crowdedUntilUnixNanoseconds)
            return false;
        foreach ((int key, AccountTimes account) in _accounts)
        {
            if (account.IsIdle(now))
                _accounts.TryRemove(key, out _);
        }

        _crowdedUntilUnixNanoseconds = now + NanosecondsPerMinute;
        return _accounts.Count < _accountsMaximum;
    }
}
