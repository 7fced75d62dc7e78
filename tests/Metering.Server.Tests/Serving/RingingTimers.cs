namespace Metering.Server.Tests;

/// <summary>The timers of a clock that is set: they ring when it is advanced.</summary>
internal sealed class RingingTimers
{
    private readonly SettableTime _time;
    private readonly Lock _gate = new();
    private readonly List<Alarm> _alarms = [];

    /// <param name="time">The clock; timers that it makes from now on are these.</param>
    public RingingTimers(SettableTime time)
    {
        _time = time;
        time.Timers = Create;
    }

    /// <summary>Moves the clock on, and rings what is due by then.</summary>
    public void Advance(TimeSpan span)
    {
        Alarm[] due;
        lock (_gate)
        {
            _time.Now += span;
            due = [.. _alarms.Where(alarm => alarm.Due <= _time.Now)];
            foreach (Alarm alarm in due)
                alarm.Passed();
        }

        foreach (Alarm alarm in due)
            alarm.Ring();
    }

    private Alarm Create(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var alarm = new Alarm(this, callback, state);
        alarm.Change(dueTime, period);
        return alarm;
    }

    private sealed class Alarm(RingingTimers timers, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public DateTimeOffset Due { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (timers._gate)
            {
                timers._alarms.Remove(this);
                (_period, Due) = (period, timers._time.Now);
                if (dueTime >= TimeSpan.Zero)
                {
                    Due += dueTime;
                    timers._alarms.Add(this);
                }
            }

            return true;
        }

        // Under the lock: once more, or never again.
        public void Passed()
        {
            if (_period > TimeSpan.Zero)
                Due = timers._time.Now + _period;
            else
                timers._alarms.Remove(this);
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
