namespace Metering.Ledger.Sqlite;

/// <summary>
/// Makes readings in bulk give way to writes, with which they share the processors: the more of these the writes need, the longer
/// a reading rests after each piece of work. Without writes, or with few, it never rests; with writes at full rate all bulk
/// readings together get a small part of one processor, and still come to an end.
/// </summary>
/// <remarks>
/// Rests are asked for by the work that was done, not by the clock: threads of a lower priority would do the same, but on Linux
/// nobody may raise a priority again, and a collection would have to wait for a thread that gets no processor.
/// </remarks>
internal sealed class ReadPace(TimeProvider time)
{
    // How fast the writes' rate is forgotten.
    private static readonly TimeSpan Memory = TimeSpan.FromMilliseconds(250);

    // Processor time of a full Write on its whole way through the server: see docs/benchmarks.md.
    private const double WriteSeconds = 50e-6;

    // With writes that need all processors, so many times the work is rested.
    private const double RestsPerWork = 20;

    private readonly Lock _lock = new();
    private readonly int _processors = Environment.ProcessorCount;
    private double _requests; // committed lately: each counts less as time passes
    private long _countedAt;
    private int _readings;

    /// <summary>Tells of a commit. Writer only.</summary>
    public void Committed(int requests)
    {
        lock (_lock)
            _requests = Remembered() + requests;
    }

    /// <summary>Begins a reading.</summary>
    public BulkReading Begin()
    {
        lock (_lock)
            _readings++;
        return new BulkReading(this, time);
    }

    /// <summary>Ends it.</summary>
    internal void End()
    {
        lock (_lock)
            _readings--;
    }

    /// <summary>How long is to be rested after some work of one of the readings.</summary>
    internal TimeSpan RestAfter(TimeSpan worked)
    {
        lock (_lock)
        {
            _requests = Remembered();
            double busy = Math.Min(1, _requests / Memory.TotalSeconds * WriteSeconds / _processors);
            return worked * (busy * RestsPerWork * _readings);
        }
    }

    private double Remembered()
    {
        long now = time.GetTimestamp();
        double passed = time.GetElapsedTime(_countedAt, now) / Memory;
        _countedAt = now;
        return _requests * Math.Exp(-passed);
    }
}

/// <summary>One reading in bulk.</summary>
internal sealed class BulkReading(ReadPace pace, TimeProvider time) : IBulkReading
{
    // Shorter rests are saved up: no timer is so exact.
    private static readonly TimeSpan RestLeast = TimeSpan.FromMilliseconds(5);

    // Longer ones are cut: the writes may be over by then.
    private static readonly TimeSpan RestMost = TimeSpan.FromMilliseconds(500);

    private TimeSpan _owed;
    private long _begunAt = time.GetTimestamp();
    private bool _isOver;

    /// <inheritdoc/>
    public async ValueTask GiveWayAsync(TimeSpan worked, CancellationToken cancellationToken)
    {
        if (Owed(worked) is not { } rest)
            return;
        long restedAt = time.GetTimestamp();
        await Task.Delay(rest, time, cancellationToken);
        Rested(restedAt);
    }

    /// <summary>As <see cref="GiveWayAsync"/>, for a thread that did nothing but work since the last call, and may wait.</summary>
    public void GiveWay(CancellationToken cancellationToken)
    {
        if (Owed(time.GetElapsedTime(_begunAt)) is { } rest)
        {
            long restedAt = time.GetTimestamp();
            cancellationToken.WaitHandle.WaitOne(rest);
            cancellationToken.ThrowIfCancellationRequested();
            Rested(restedAt);
        }

        _begunAt = time.GetTimestamp();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isOver)
            return;
        _isOver = true;
        pace.End();
    }

    private TimeSpan? Owed(TimeSpan worked)
    {
        _owed += pace.RestAfter(worked);
        return _owed < RestLeast ? null : _owed < RestMost ? _owed : RestMost;
    }

    // A rest that was longer than it had to be is made up for once.
    private void Rested(long since)
    {
        TimeSpan left = _owed - time.GetElapsedTime(since);
        _owed = left > RestMost ? RestMost : left < -RestMost ? -RestMost : left;
    }
}
