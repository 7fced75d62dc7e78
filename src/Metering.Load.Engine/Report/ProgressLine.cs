namespace Metering.Load;

/// <summary>The line of each second: what came in since the last one.</summary>
internal sealed class ProgressLine(TextWriter target, LoadConnection[] connections)
{
    private long _accepted;
    private long _judged;
    private long _failed;

    public void Write(TimeSpan sinceStart, TimeSpan sinceLast)
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
        target.WriteLine(
            $"{sinceStart.TotalSeconds,5:F0} s  {(accepted - _accepted) / seconds,11:N0} accepted/s  "
            + $"{(judged - accepted - _judged + _accepted) / seconds,9:N0} rejected/s  "
            + $"{(failed - _failed) / seconds,9:N0} failed requests/s");
        (_accepted, _judged, _failed) = (accepted, judged, failed);
    }
}
