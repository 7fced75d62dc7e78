namespace Metering.Attacks;

/// <summary>
/// One way to hurt a server: what each of its lanes does on the wire, over and over. A lane has one connection at a time,
/// except where connections are the attack.
/// </summary>
internal abstract class Attack
{
    /// <summary>Name for the command line and the table: words with hyphens between.</summary>
    public abstract string Name { get; }

    /// <summary>What it does on the wire, and as what it is known.</summary>
    public abstract string Does { get; }

    /// <summary>The limits of docs/limits.md that meet it.</summary>
    public abstract IReadOnlyList<string> MetBy { get; }

    /// <summary>What a unit of it is, in the plural.</summary>
    public abstract string Unit { get; }

    /// <summary>Units a second over all lanes, so that the attacker does not simply take the processor that it shares with the server.</summary>
    public abstract double UnitsPerSecond { get; }

    /// <summary>How many go on at the same time.</summary>
    public virtual int Lanes => 16;

    /// <summary>Whether the server ends connections of this attacker at once; otherwise it bears them, refuses requests, or waits first.</summary>
    public virtual bool IsCutOff => false;

    /// <summary>Attacks until the connection or the attack ends, by an exception; may return to begin again on another connection.</summary>
    public abstract Task AttackAsync(AttackLane lane);
}
