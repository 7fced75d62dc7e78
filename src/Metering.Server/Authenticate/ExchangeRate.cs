using System.Net;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// How often one address may exchange JWTs for tokens. Nobody has proved anything yet when a signature is verified, which
/// costs the processor more than all else that a stranger may ask for.
/// </summary>
/// <param name="requestsPerSecond">How fast an address' bucket fills; 1 to <see cref="Limits.ExchangeRateMaximum"/>.</param>
/// <param name="addresses">Most addresses whose bucket is not full at once.</param>
/// <param name="time">Measures time.</param>
internal sealed class ExchangeRate(int requestsPerSecond, int addresses, TimeProvider time)
{
    private static readonly Refusal TooManyAddresses = new(
        RefusalKind.Overloaded, "Too many clients are exchanging tokens at once. Try again later.", RetryAfter: TimeSpan.FromSeconds(1));

    private readonly RequestBuckets<ulong> _buckets =
        new(requestsPerSecond, requestsPerSecond * Limits.ExchangeBurstSeconds, addresses, time);

    /// <summary>Takes one exchange out of the address' bucket; refuses, with the time to wait, when there is none.</summary>
    public Refusal? Take(IPAddress? address) =>
        _buckets.TryTake(ConnectionGate.NetworkOf(address), out TimeSpan? wait) ? null
        : wait is null ? TooManyAddresses
        : new Refusal(
            RefusalKind.Overloaded,
            $"This address has used up its {requestsPerSecond} token exchanges per second. A token lasts for hours: keep it, and try again a little later.",
            RetryAfter: wait);
}
