using System.Security.Cryptography;

namespace Metering.Client;

/// <summary>Whether and when to try again: full jitter under a doubling ceiling, on top of what the server asks for.</summary>
internal sealed class RetryPolicy(MeteringClientOptions options)
{
    // A server that asks for more than this is as good as gone: the caller should know.
    private static readonly TimeSpan RetryAfterMaximum = TimeSpan.FromMinutes(5);

    private readonly Lock _random = new();

    /// <summary>The wait before the next attempt; null: give up.</summary>
    /// <param name="failure">What the last attempt failed with.</param>
    /// <param name="attempt">Number of the last attempt; 1 for the first.</param>
    /// <param name="isRepeatable">Whether the request may be sent again after an unknown outcome.</param>
    /// <param name="hasAnswered">Whether the server ever answered.</param>
    public TimeSpan? DelayAfter(MeteringException failure, int attempt, bool isRepeatable, bool hasAnswered)
    {
        bool isTransient = failure.Code is GrpcStatusCode.Unavailable or GrpcStatusCode.ResourceExhausted or GrpcStatusCode.DeadlineExceeded
            && failure.Stage != ConnectionStage.Misconfigured
            && (failure.Stage != ConnectionStage.NotConnected || hasAnswered || options.RetryFirstConnection);
        if (!isTransient || attempt >= options.AttemptsMaximum || (failure.OutcomeIsUnknown && !isRepeatable)
            || failure.RetryAfter > RetryAfterMaximum)
            return null;
        double ceiling = Math.Min(options.BackoffMaximum.Ticks, options.BackoffInitial.Ticks * Math.Pow(2, attempt - 1));
        return (failure.RetryAfter ?? TimeSpan.Zero) + TimeSpan.FromTicks((long)(ceiling * NextFraction()));
    }

    // Uniform in [0, 1).
    private double NextFraction()
    {
        if (options.Random is not { } random)
            return RandomNumberGenerator.GetInt32(1 << 30) / (double)(1 << 30);
        lock (_random)
            return random.NextDouble();
    }
}
