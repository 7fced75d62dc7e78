using Metering.Load;

namespace Metering.Attacks;

/// <summary>An attack in rounds, each between two times without it.</summary>
/// <param name="Attack">The attack.</param>
/// <param name="Attacker">What the attacker did, in all rounds together.</param>
/// <param name="Alone">The client alone: before the first round, and after each.</param>
/// <param name="During">The client beside the attacker, in each round.</param>
/// <param name="ResidentAfterBytes">The server's memory when the attacker was gone.</param>
internal sealed record AttackResult(
    Attack Attack, AttackCounts Attacker, IReadOnlyList<Phase> Alone, IReadOnlyList<Phase> During, long ResidentAfterBytes)
{
    /// <summary>Most that the server's memory may grow under an attack, as a multiple of what load alone takes.</summary>
    public const double MemoryBound = 1.5;

    /// <summary>Most that the client's p99 may grow under an attack, as a multiple of its p99 without.</summary>
    public const double P99Bound = 2;

    public double P99WithoutMilliseconds => MedianP99(Alone);

    public double P99WithMilliseconds => MedianP99(During);

    public double P99Ratio => P99WithMilliseconds / P99WithoutMilliseconds;

    /// <summary>Before the first round: what an attack leaves behind is not to excuse it.</summary>
    public long MemoryWithoutBytes => Alone[0].PeakBytes;

    public long MemoryPeakBytes => During.Max(phase => phase.PeakBytes);

    public double MemoryRatio => (double)MemoryPeakBytes / MemoryWithoutBytes;

    /// <summary>Records under attack: meant to be sent, and counted.</summary>
    public (long Sent, long Acknowledged, long Counted) Records =>
        (During.Sum(phase => phase.Sent), During.Sum(phase => phase.Acknowledged), During.Sum(phase => phase.Counted));

    public IEnumerable<string> Faults => Alone.Concat(During).Select(phase => phase.Fault).OfType<string>();

    public bool HoldsMemory => MemoryRatio <= MemoryBound;

    public bool HoldsP99 => P99Ratio <= P99Bound;

    public bool IsAllCounted => Alone.Concat(During).All(phase => phase.IsAllCounted);

    public bool Holds => HoldsMemory && HoldsP99 && IsAllCounted;

    private static double MedianP99(IReadOnlyList<Phase> phases) => Median.Of(phases.Select(phase => phase.P99Milliseconds));
}
