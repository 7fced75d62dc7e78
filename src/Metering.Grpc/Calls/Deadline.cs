namespace Metering.Grpc;

/// <summary>Where a deadline is between its call's beginning and its end.</summary>
internal enum DeadlineState
{
    /// <summary>Nobody waits yet: a call that ends without waiting costs the wheel nothing.</summary>
    Resting,

    /// <summary>In the wheel.</summary>
    Waiting,

    /// <summary>Out of the wheel for good: passed, or no longer of interest.</summary>
    Gone,
}

/// <summary>The moment after which the client no longer waits for its call.</summary>
internal sealed class Deadline : IThreadPoolWorkItem
{
    // The clock's units overflow after centuries; a call that may take longer than this is not held to it.
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromDays(36_500);

    private readonly DeadlineWheel _wheel;
    private readonly RpcCall _call;
    private CancellationTokenSource? _source;
    private int _hasPassed;

    public Deadline(RpcCall call, TimeSpan timeout, DeadlineWheel wheel)
    {
        _call = call;
        _wheel = wheel;
        long ticks = Math.Min(timeout.Ticks, LongestTimeout.Ticks);
        DueTimestamp = wheel.Time.GetTimestamp() + (long)(ticks * (wheel.Time.TimestampFrequency / (double)TimeSpan.TicksPerSecond));
    }

    /// <summary>When it passes, in the clock's units.</summary>
    public long DueTimestamp { get; }

    /// <summary>When it passes.</summary>
    public DateTimeOffset At
    {
        get
        {
            DateTimeOffset now = _wheel.Time.GetUtcNow();
            TimeSpan rest = _wheel.Time.GetElapsedTime(_wheel.Time.GetTimestamp(), DueTimestamp);
            return rest < DateTimeOffset.MaxValue - now ? now + rest : DateTimeOffset.MaxValue;
        }
    }

    /// <summary>Whether it has passed while somebody was waiting.</summary>
    public bool HasPassed => Volatile.Read(ref _hasPassed) != 0;

    /// <summary>Whether its moment has come, whoever was waiting.</summary>
    public bool IsOver => HasPassed || _wheel.Time.GetTimestamp() >= DueTimestamp;

    /// <summary>Cancelled when it passes.</summary>
    public CancellationToken Token
    {
        get
        {
            if (Volatile.Read(ref _source) is not { } source)
            {
                source = new CancellationTokenSource();
                source = Interlocked.CompareExchange(ref _source, source, null) ?? source;
                if (HasPassed)
                    source.Cancel();
                else
                    _wheel.Add(this);
            }

            return source.Token;
        }
    }

    // The wheel's, under its lock.
    internal DeadlineState State { get; set; }

    internal int Slot { get; set; }

    internal Deadline? Previous { get; set; }

    internal Deadline? Next { get; set; }

    /// <summary>Somebody begins to wait: from here on it can pass.</summary>
    public void Begin() => _wheel.Add(this);

    /// <summary>The call has ended. One that never waited, which its own thread knows without the lock, is in no slot.</summary>
    public void End()
    {
        if (State != DeadlineState.Resting)
            _wheel.Remove(this);
    }

    /// <summary>It passes: the client is answered, and whoever holds the token stops.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        // Before anything is looked at: who comes to wait at the same time either is seen here or sees this.
        Interlocked.Exchange(ref _hasPassed, 1);
        _call.AnswerExpiry();
        _ = Volatile.Read(ref _source)?.CancelAsync();
    }
}
