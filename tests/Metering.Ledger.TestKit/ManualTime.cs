namespace Metering.Ledger.TestKit;

/// <summary>A clock that a test moves; its timers ring when the test says so.</summary>
public sealed class ManualTime : TimeProvider
{
    private readonly List<(Action Ring, long DueTicks)> _timers = [];
    private long _ticks = new DateTimeOffset(2026, 3, 1, 12, 30, 0, TimeSpan.Zero).UtcTicks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => new(Volatile.Read(ref _ticks), TimeSpan.Zero);

    public override long GetTimestamp() => Volatile.Read(ref _ticks);

    public void Advance(TimeSpan step) => Interlocked.Add(ref _ticks, step.Ticks);

    public void RunTimers()
    {
        lock (_timers)
        {
            foreach ((Action ring, long _) in _timers.Where(timer => timer.DueTicks <= Volatile.Read(ref _ticks)))
                ring();
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        lock (_timers)
            _timers.Add((() => callback(state), Volatile.Read(ref _ticks) + dueTime.Ticks));
        return new Timer();
    }

    private sealed class Timer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
