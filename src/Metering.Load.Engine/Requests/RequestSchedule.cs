namespace Metering.Load;

/// <summary>
/// When one connection sends. Without a rate: whenever a stream is free. With a rate: at fixed moments, and latency
/// counts from those, so that a stalled server is charged for the requests that it kept from being sent.
/// </summary>
/// <param name="startTimestamp">First moment.</param>
/// <param name="endTimestamp">Nothing is due from here on.</param>
/// <param name="graceUnits">How long after the end, with a rate, requests that were due before it may still be sent.</param>
/// <param name="requests">Most requests to send.</param>
/// <param name="interval">Timestamp units between two requests; 0 for no rate.</param>
/// <param name="phase">Part of the interval, from 0 to 1, by which this connection comes later.</param>
internal sealed class RequestSchedule(long startTimestamp, long endTimestamp, long graceUnits, long requests, double interval, double phase)
{
    private long _taken;
    private volatile bool _isStopped;

    /// <summary>True when nothing more is to be sent.</summary>
    public bool IsFinished(long now) =>
        _isStopped || _taken >= requests || (now >= endTimestamp && !IsOverdue(now));

    /// <summary>Ends the schedule early; may be called from any thread.</summary>
    public void Stop() => _isStopped = true;

    /// <summary>Takes the next request if it is due, with the moment at which it was meant to be sent.</summary>
    public bool TryTake(long now, out long intendedTimestamp)
    {
        intendedTimestamp = interval > 0 ? DueAt(_taken) : now;
        if (intendedTimestamp > now || intendedTimestamp >= endTimestamp || IsFinished(now))
            return false;
        _taken++;
        return true;
    }

    /// <summary>Timestamp units until the next request is due; at least 0.</summary>
    public long GetWait(long now) => interval > 0 ? Math.Max(0, DueAt(_taken) - now) : 0;

    /// <summary>Requests that were due by the end, or by the moment of stopping, but never sent.</summary>
    public long CountMissed(long now)
    {
        if (interval == 0)
            return 0;
        double due = Math.Ceiling(((Math.Min(now, endTimestamp) - startTimestamp) / interval) - phase);
        return Math.Max(0, (long)Math.Min(requests, due) - _taken);
    }

    private bool IsOverdue(long now) => interval > 0 && now - endTimestamp < graceUnits && DueAt(_taken) < endTimestamp;

    private long DueAt(long number) => startTimestamp + (long)((number + phase) * interval);
}
