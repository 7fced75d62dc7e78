using Microsoft.Extensions.ObjectPool;

namespace Metering.Grpc;

/// <summary>
/// The moment after which a client no longer waits for its call. The timers of the system's clock are used again and again:
/// nobody outside of the call ever sees their tokens, only ones linked to them.
/// </summary>
internal sealed class Deadline : IDisposable
{
    private const int SourcesMaximum = RpcLimits.PooledDeadlines;

    // Timers reach 49 days; a call that may take longer is not held to it.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(40);

    private static readonly DefaultObjectPool<CancellationTokenSource> Sources =
        new(new DefaultPooledObjectPolicy<CancellationTokenSource>(), SourcesMaximum);

    private readonly CancellationTokenSource _source;
    private readonly bool _isPooled;

    public Deadline(TimeSpan timeout, TimeProvider time)
    {
        DateTimeOffset now = time.GetUtcNow();
        At = timeout < DateTimeOffset.MaxValue - now ? now + timeout : DateTimeOffset.MaxValue;
        TimeSpan timer = timeout <= LongestTimer ? timeout : Timeout.InfiniteTimeSpan;
        _isPooled = time == TimeProvider.System;
        _source = _isPooled ? Sources.Get() : new CancellationTokenSource(timer, time);
        if (_isPooled)
            _source.CancelAfter(timer);
    }

    public DateTimeOffset At { get; }

    public bool HasPassed => _source.IsCancellationRequested;

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        if (_isPooled && _source.TryReset())
            Sources.Return(_source);
        else
            _source.Dispose();
    }
}
