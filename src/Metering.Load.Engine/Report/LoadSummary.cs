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

    public double RequestsPerSecond => PerSecond(Tally.ByStatus[0]);

    public double AcceptedPerSecond => PerSecond(Tally.Verdicts[VerdictCounts.Accepted]);

    public double RecordsPerSecond => PerSecond(Tally.Verdicts.Total);

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

    // Nothing is 0 a second, also in no time at all: a server that is gone before the first request.
    private double PerSecond(long number) => number == 0 ? 0 : number / Elapsed.TotalSeconds;
}
