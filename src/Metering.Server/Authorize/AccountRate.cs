using Metering.Ledger;

namespace Metering.Server;

/// <summary>How often each account may write: a burst at once, then so many requests per second.</summary>
public sealed class AccountRate
{
    private static readonly Refusal TooManyAccounts = new(
        RefusalKind.Overloaded, "Too many accounts are writing at once. Send the same records again later.", RetryAfter: TimeSpan.FromSeconds(1));

    private readonly int _requestsPerSecond;
    private readonly RequestBuckets<int> _buckets; // by the account's key

    /// <param name="requestsPerSecond">How fast a bucket fills; 1 to <see cref="Limits.AccountRateMaximum"/>.</param>
    /// <param name="burst">Requests that a full bucket holds; 1 to <see cref="Limits.AccountBurstMaximum"/>.</param>
    /// <param name="accounts">Most accounts whose bucket is not full at once.</param>
    /// <param name="time">Measures time; a clock that is set changes nothing.</param>
    public AccountRate(int requestsPerSecond, int burst, int accounts, TimeProvider time)
    {
        _requestsPerSecond = requestsPerSecond;
        _buckets = new RequestBuckets<int>(requestsPerSecond, burst, accounts, time);
    }

    /// <summary>Accounts whose bucket is remembered.</summary>
    public int Count => _buckets.Count;

    /// <summary>Takes one request out of the account's bucket; refuses, with the time to wait, when there is none.</summary>
    public Refusal? Take(int accountKey) =>
        _buckets.TryTake(accountKey, out TimeSpan? wait) ? null
        : wait is null ? TooManyAccounts
        : new Refusal(
            RefusalKind.Overloaded,
            $"The account has used up its {_requestsPerSecond} requests per second. Send the same records again a little later.",
            RetryAfter: wait);
}
