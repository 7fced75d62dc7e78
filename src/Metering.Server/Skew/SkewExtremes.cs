using Metering.Ledger;

namespace Metering.Server;

/// <summary>How far the timestamps of one request's accepted records were off at most, in milliseconds; 0 when none was.</summary>
internal struct SkewExtremes
{
    private const int MillisecondsPerSecond = 1_000;
    private const int NanosecondsPerMillisecond = 1_000_000;

    /// <summary>The greatest distance behind the server's clock.</summary>
    public long LagMilliseconds;

    /// <summary>The greatest distance ahead of it.</summary>
    public long LeadMilliseconds;

    /// <summary>Measures a request that nothing is kept of.</summary>
    public static SkewExtremes Of(UsageWrite write)
    {
        long now = write.ReceivedUnixNanoseconds / NanosecondsPerMillisecond;
        var extremes = default(SkewExtremes);
        foreach (ref UsageRecord record in write.Records)
        {
            if (TryMeasure(record, now, out long lag))
                extremes.Include(record, lag);
        }

        return extremes;
    }

    /// <summary>
    /// How far behind the server's clock a record's timestamp was; less than 0 when it was ahead. Only of records that the rules
    /// on timestamps accepted or refused: a DUPLICATE may be any number of days old, and says nothing of a clock.
    /// </summary>
    public static bool TryMeasure(in UsageRecord record, long nowMilliseconds, out long lag)
    {
        lag = nowMilliseconds - (record.TimestampSeconds * MillisecondsPerSecond) - (record.TimestampNanoseconds / NanosecondsPerMillisecond);
        return record.Verdict == Verdict.Accepted || record.Verdict == Verdict.Expired
            || (record.Verdict == Verdict.InvalidTimestamp && Judge.HasTime(record));
    }

    /// <summary>Takes in a record that was measured.</summary>
    public void Include(in UsageRecord record, long lag)
    {
        if (record.Verdict != Verdict.Accepted)
            return;
        LagMilliseconds = Math.Max(LagMilliseconds, lag);
        LeadMilliseconds = Math.Max(LeadMilliseconds, -lag);
    }
}
