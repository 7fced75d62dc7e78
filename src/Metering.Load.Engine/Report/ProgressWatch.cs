namespace Metering.Load;

/// <summary>Looks every second at what came in since the last time.</summary>
internal sealed class ProgressWatch(LoadConnection[] connections)
{
    private long _accepted;
    private long _judged;
    private long _failed;

    public LoadProgress Look(TimeSpan sinceStart, TimeSpan sinceLast)
    {
        long accepted = 0, judged = 0, failed = 0;
        foreach (LoadConnection connection in connections)
        {
            LoadTally tally = connection.Tally;
            accepted += tally.Verdicts[VerdictCounts.Accepted];
            judged += tally.Verdicts.Total;
            failed += tally.Failed;
        }

        double seconds = sinceLast.TotalSeconds;
        var progress = new LoadProgress(
            sinceStart.TotalSeconds, accepted, judged,
            (accepted - _accepted) / seconds, (judged - accepted - _judged + _accepted) / seconds, (failed - _failed) / seconds);
        (_accepted, _judged, _failed) = (accepted, judged, failed);
        return progress;
    }
}
