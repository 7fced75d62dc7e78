namespace Metering.Grpc;

/// <summary>The moment after which a client no longer waits for its call.</summary>
internal sealed class Deadline : IDisposable
{
    // Timers reach 49 days; a call that may take longer is not held to it.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(40);

    private readonly CancellationTokenSource _source;

    public Deadline(TimeSpan timeout, TimeProvider time)
    {
        DateTimeOffset now = time.GetUtcNow();
        At = timeout < DateTimeOffset.MaxValue - now ? now + timeout : DateTimeOffset.MaxValue;
        _source = timeout <= LongestTimer ? new CancellationTokenSource(timeout, time) : new CancellationTokenSource();
        if (timeout == TimeSpan.Zero)
            _source.Cancel();
    }

    public DateTimeOffset At { get; }

    public bool HasPassed => _source.IsCancellationRequested;

    public CancellationToken Token => _source.Token;

    public void Dispose() => _source.Dispose();
}
