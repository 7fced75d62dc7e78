namespace Metering.Attacks;

/// <summary>An attack between two times without it.</summary>
/// <param name="Attack">The attack.</param>
/// <param name="Attacker">What the attacker did.</param>
/// <param name="Before">The client alone, before.</param>
/// <param name="During">The client beside the attacker.</param>
/// <param name="After">The client alone, afterwards.</param>
/// <param name="ResidentAfterBytes">The server's memory when the attacker was gone.</param>
internal sealed record AttackResult(Attack Attack, AttackCounts Attacker, Phase Before, Phase During, Phase After, long ResidentAfterBytes)
{
    /// <summary>Most that the server's memory may grow under an attack, as a multiple of what load alone takes.</summary>
    public const double MemoryBound = 1.5;

    /// <summary>Most that the client's p99 may grow under an attack, as a multiple of its p99 without.</summary>
    public const double P99Bound = 2;

    /// <summary>The median of the times on both sides, that is their mean.</summary>
    public double P99WithoutMilliseconds => (Before.P99Milliseconds + After.P99Milliseconds) / 2;

    public double P99Ratio => During.P99Milliseconds / P99WithoutMilliseconds;

    /// <summary>Against the time before only: what an attack leaves behind is not to excuse it.</summary>
    public double MemoryRatio => (double)During.PeakBytes / Before.PeakBytes;

    public bool HoldsMemory => MemoryRatio <= MemoryBound;

    public bool HoldsP99 => P99Ratio <= P99Bound;

    public bool IsAllCounted => During.IsAllCounted && Before.IsAllCounted && After.IsAllCounted;

    public bool Holds => HoldsMemory && HoldsP99 && IsAllCounted;
}
