namespace Metering.Grpc;

/// <summary>
/// The deadlines of all calls that are waiting, under one timer. They lie in slots by the moment at which they pass, rounded
/// up to a tick; beginning and ending one costs no more than linking it in and out of a list. A deadline passes up to a tick
/// late and never early.
/// </summary>
internal sealed class DeadlineWheel
{
    // A power of two. A deadline further away than one turn stays in its slot until the turn that it belongs to.
    private const int Slots = 1024;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    private readonly Lock _gate = new();
    private readonly Deadline?[] _slots = new Deadline?[Slots];
    private readonly ITimer _timer;
    private readonly long _tickUnits;
    private int _waiting;

    // Slots up to this tick were looked at: whatever waits is in a later one.
    private long _passedTick;

    // When the timer fires next; never later than the first tick that has a deadline in its slot.
    private long _timerTick = long.MaxValue;

    public DeadlineWheel(TimeProvider time)
    {
        Time = time;
        _tickUnits = (long)(Tick.TotalSeconds * time.TimestampFrequency);
        _timer = time.CreateTimer(
            static wheel => ((DeadlineWheel)wheel!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public TimeProvider Time { get; }

    /// <summary>From here on the deadline can pass. A second time, or after <see cref="Remove"/>, nothing happens.</summary>
    public void Add(Deadline deadline)
    {
        long now = Time.GetTimestamp();
        lock (_gate)
        {
            if (deadline.State != DeadlineState.Resting)
                return;
            if (deadline.DueTimestamp > now)
            {
                Wait(deadline, now);
                return;
            }

            deadline.State = DeadlineState.Gone;
        }

        Expire(deadline);
    }

    /// <summary>The deadline no longer passes, unless it is passing already.</summary>
    public void Remove(Deadline deadline)
    {
        lock (_gate)
        {
            if (deadline.State == DeadlineState.Waiting)
                Unlink(deadline);
            deadline.State = DeadlineState.Gone;
        }
    }

    private void Wait(Deadline deadline, long now)
    {
        if (_waiting++ == 0)
            _passedTick = now / _tickUnits;
        long tick = Math.Max(_passedTick + 1, (deadline.DueTimestamp + _tickUnits - 1) / _tickUnits);
        deadline.State = DeadlineState.Waiting;
        deadline.Slot = (int)(tick & (Slots - 1));
        deadline.Previous = null;
        deadline.Next = _slots[deadline.Slot];
        if (deadline.Next is { } next)
            next.Previous = deadline;
        _slots[deadline.Slot] = deadline;
        SetTimer(Math.Min(tick, _passedTick + Slots), now);
    }

    private void Unlink(Deadline deadline)
    {
        if (deadline.Previous is { } previous)
            previous.Next = deadline.Next;
        else
            _slots[deadline.Slot] = deadline.Next;
        if (deadline.Next is { } next)
            next.Previous = deadline.Previous;
        (deadline.Previous, deadline.Next) = (null, null);
        _waiting--;
    }

    // The timer is left running when what it was set for ends early: it then finds nothing and is set anew, or rests.
    private void SetTimer(long tick, long now)
    {
        if (tick >= _timerTick)
            return;
        _timerTick = tick;
        double milliseconds = ((tick * _tickUnits) - now) * 1000.0 / Time.TimestampFrequency;
        _timer.Change(TimeSpan.FromMilliseconds(Math.Max(0, Math.Ceiling(milliseconds))), Timeout.InfiniteTimeSpan);
    }

    private void OnTimer()
    {
        Deadline? passed = null;
        long now = Time.GetTimestamp();
        lock (_gate)
        {
            long lastTick = now / _tickUnits;
            for (long tick = Math.Max(_passedTick + 1, lastTick - Slots + 1); tick <= lastTick; tick++)
                passed = TakePassed(_slots[tick & (Slots - 1)], now, passed);
            _passedTick = Math.Max(_passedTick, lastTick);
            _timerTick = long.MaxValue;
            if (_waiting > 0)
                SetTimer(FindNextTick(), now);
        }

        while (passed is { } deadline)
        {
            passed = deadline.Next;
            deadline.Next = null;
            Expire(deadline);
        }
    }

    // Those that passed, linked by Next.
    private Deadline? TakePassed(Deadline? waiting, long now, Deadline? passed)
    {
        while (waiting is { } deadline)
        {
            waiting = deadline.Next;
            if (deadline.DueTimestamp > now)
                continue;
            Unlink(deadline);
            deadline.State = DeadlineState.Gone;
            deadline.Next = passed;
            passed = deadline;
        }

        return passed;
    }

    private long FindNextTick()
    {
        long tick = _passedTick + 1;
        while (_slots[tick & (Slots - 1)] is null)
            tick++;
        return tick;
    }

    // What follows runs code of handlers and of the server: never on the timer's thread, never under the lock.
    private static void Expire(Deadline deadline) => ThreadPool.UnsafeQueueUserWorkItem(deadline, preferLocal: false);
}
