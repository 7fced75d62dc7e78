namespace Metering.Scale;

/// <summary>Processors of one machine: who comes first is served first, each on one processor.</summary>
internal sealed class Processors(int count)
{
    private readonly double[] _free = new double[count];

    /// <summary>Processor seconds worked since the figures began.</summary>
    public double Busy { get; private set; }

    /// <summary>Seconds of work that were handed over and are not done yet, on the processor that is free first.</summary>
    public double Backlog(double now) => Math.Max(0, _free.Min() - now);

    /// <summary>Hands work over that one processor has to do.</summary>
    /// <returns>When it is done.</returns>
    public double Serve(double now, double seconds)
    {
        int first = 0;
        for (int processor = 1; processor < _free.Length; processor++)
        {
            if (_free[processor] < _free[first])
                first = processor;
        }

        Busy += seconds;
        return _free[first] = Math.Max(now, _free[first]) + seconds;
    }

    /// <summary>Hands work over that all of them share, being many small pieces.</summary>
    /// <returns>When it is done.</returns>
    public double ServeShared(double now, double seconds)
    {
        double done = now;
        foreach (ref double free in _free.AsSpan())
        {
            free = Math.Max(now, free) + (seconds / _free.Length);
            done = Math.Max(done, free);
        }

        Busy += seconds;
        return done;
    }

    /// <summary>Begins the figures.</summary>
    public void Forget() => Busy = 0;
}

/// <summary>The log of one database: one flush after the other; commits that come during one share the next.</summary>
internal sealed class WriteAheadLog(double flushSeconds, double bytesPerSecond)
{
    private double _end; // of the flush under way
    private double _nextEnd; // of the one that will follow it, once somebody waits for it
    private double _written; // until when the disk is busy with bytes
    private double _busy;

    /// <summary>Seconds of flushing since the figures began.</summary>
    public double Busy => _busy;

    /// <summary>Seconds of writing since the figures began.</summary>
    public double Writing { get; private set; }

    /// <summary>Writes bytes and flushes them.</summary>
    /// <returns>When they are on the disk.</returns>
    public double Write(double now, double bytes)
    {
        double writing = bytes / bytesPerSecond;
        Writing += writing;
        _written = Math.Max(now, _written) + writing;
        if (flushSeconds == 0)
            return _written;
        if (_nextEnd > 0 && now >= _end)
            (_end, _nextEnd) = (_nextEnd, 0);
        if (now >= _end)
        {
            _busy += flushSeconds;
            _end = now + flushSeconds;
            return Math.Max(_end, _written);
        }

        if (_nextEnd == 0)
        {
            _busy += flushSeconds;
            _nextEnd = _end + flushSeconds;
        }

        return Math.Max(_nextEnd, _written);
    }

    /// <summary>Begins the figures.</summary>
    public void Forget() => (_busy, Writing) = (0, 0);
}

/// <summary>Rows that only one group at a time can write: it keeps them until its commit.</summary>
internal sealed class RowLocks
{
    private readonly Dictionary<long, Queue<Group>> _held = [];

    /// <summary>Seconds that groups waited for rows, all together.</summary>
    public double Waited { get; private set; }

    /// <summary>Takes the rows, or waits for them.</summary>
    /// <returns>Whether the group has them.</returns>
    public bool Take(Group group, double now)
    {
        if (_held.TryGetValue(group.Rows, out Queue<Group>? waiting))
        {
            group.WaitsSince = now;
            waiting.Enqueue(group);
            return false;
        }

        _held.Add(group.Rows, new Queue<Group>());
        group.HasRows = true;
        return true;
    }

    /// <summary>Gives the rows to the group that waits longest.</summary>
    /// <returns>That group; null when nobody waits.</returns>
    public Group? Release(Group group, double now)
    {
        if (!group.HasRows)
            return null;
        group.HasRows = false;
        Queue<Group> waiting = _held[group.Rows];
        while (waiting.TryDequeue(out Group? next))
        {
            if (next.IsGone)
                continue;
            next.HasRows = true;
            Waited += now - next.WaitsSince;
            return next;
        }

        _held.Remove(group.Rows);
        return null;
    }

    /// <summary>Begins the figures.</summary>
    public void Forget() => Waited = 0;
}
