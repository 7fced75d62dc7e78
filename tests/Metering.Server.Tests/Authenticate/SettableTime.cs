namespace Metering.Server.Tests;

/// <summary>A clock that stands still until it is set.</summary>
internal sealed class SettableTime(DateTimeOffset now) : TimeProvider
{
    public static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public SettableTime()
        : this(Start)
    {
    }

    public DateTimeOffset Now { get; set; } = now;

    /// <summary>Makes timers (callback, state, due time, period); the system's when null.</summary>
    public Func<TimerCallback, object?, TimeSpan, TimeSpan, ITimer>? Timers { get; set; }

    public override DateTimeOffset GetUtcNow() => Now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        Timers is { } make ? make(callback, state, dueTime, period) : base.CreateTimer(callback, state, dueTime, period);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Now.UtcTicks;
}
