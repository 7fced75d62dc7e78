using Metering.Load;

namespace Metering.Grpc.Cost;

/// <summary>What one handler did in one turn.</summary>
/// <param name="Calls">Calls answered.</param>
/// <param name="Elapsed">From the first request to the last answer.</param>
/// <param name="Use">What the server used meanwhile.</param>
internal sealed record CostTurn(long Calls, TimeSpan Elapsed, ServerUse Use)
{
    public double CallsPerSecond => Calls / Elapsed.TotalSeconds;

    public double AllocatedBytesPerCall => (double)Use.AllocatedBytes / Calls;

    public double ProcessorMicrosecondsPerCall => Use.ProcessorTime.TotalMicroseconds / Calls;
}

/// <summary>The turns of both handlers, one right after the other.</summary>
internal sealed record CostRound(CostTurn Bare, CostTurn Layer)
{
    /// <summary>Calls a second through the layer, as a part of the bare handler's.</summary>
    public double Rate => Layer.CallsPerSecond / Bare.CallsPerSecond;

    /// <summary>The same, reckoned from the server's processor time: what is left of it when the machine does other things too.</summary>
    public double ProcessorRate => Bare.ProcessorMicrosecondsPerCall / Layer.ProcessorMicrosecondsPerCall;
}

/// <summary>Every round of one kind of call.</summary>
internal sealed class CostComparison(CostCase called)
{
    public CostCase Case { get; } = called;

    public List<CostRound> Rounds { get; } = [];

    /// <summary>The middle of the rounds, by the given figure; of an even number, the mean of the two in the middle.</summary>
    public double MedianOf(Func<CostRound, double> figure) => Median.Of(Rounds.Select(figure));
}
