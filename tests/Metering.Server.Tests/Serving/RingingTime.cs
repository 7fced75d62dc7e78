namespace Metering.Server.Tests;

/// <summary>A clock that stands still until it is advanced, and whose timers ring then.</summary>
internal sealed class RingingTime(DateTimeOffset now) : SettableTime(now)
{
    private readonly Lock _gate = new();
    private readonly List<Alarm> _alarms = [];

    /// <summary>Moves on, and rings what is due by then.</summary>
    public void Advance(TimeSpan span)
    {
        Alarm[] due;
        lock (_gate)
        {
            Now += span;
            due = [.. _alarms.Where(alarm => alarm.Due <= Now)];
            foreach (Alarm alarm in due)
                alarm.Passed();
        }

        foreach (Alarm alarm in due)
            alarm.Ring();
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var alarm = new Alarm(this, callback, state);
        alarm.Change(dueTime, period);
        return alarm;
    }

    private sealed class Alarm(RingingTime time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public DateTimeOffset Due { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._gate)
            {
                time._alarms.Remove(this);
                (_period, Due) = (period, time.Now);
                if (dueTime >= TimeSpan.Zero)
                {
                    Due += dueTime;
                    time._alarms.Add(this);
                }
            }

            return true;
        }

        // Under the lock: once more, or never again.
        public void Passed()
        {
            if (_period > TimeSpan.Zero)
                Due = time.Now + _period;
            else
                time._alarms.Remove(this);
        }

        public void Ring() => callback(state);

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
