namespace Metering.Load;

/// <summary>Outcome of a run.</summary>
internal sealed class LoadSummary
{
    public required LoadOptions Options { get; init; }

    public required LoadTally Tally { get; init; }

    /// <summary>From the start of sending to the last answer.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>What this program itself took of the machine.</summary>
    public required TimeSpan ProcessorTime { get; init; }

    /// <summary>Records accepted while warming up, which the tally leaves out.</summary>
    public long WarmAccepted { get; private init; }

    public double RequestsPerSecond => Tally.ByStatus[0] / Elapsed.TotalSeconds;

    public double AcceptedPerSecond => Tally.Verdicts[VerdictCounts.Accepted] / Elapsed.TotalSeconds;

    public double RecordsPerSecond => Tally.Verdicts.Total / Elapsed.TotalSeconds;

    public double ProcessorMicrosecondsPerRequest => Tally.Sent == 0 ? 0 : ProcessorTime.TotalMicroseconds / Tally.Sent;

    /// <summary>This outcome, of a run that came after its warming up.</summary>
    public LoadSummary After(LoadSummary warm) => new()
    {
        Options = Options,
        Tally = Tally,
        Elapsed = Elapsed,
        ProcessorTime = ProcessorTime,
        WarmAccepted = warm.Tally.Verdicts[VerdictCounts.Accepted],
    };

    /// <summary>True when every request that was to be sent was sent and answered with status OK, whatever the verdicts.</summary>
    public bool IsClean => Tally is { Failed: 0, Missed: 0, Losses.Count: 0, Sent: > 0 };
}
