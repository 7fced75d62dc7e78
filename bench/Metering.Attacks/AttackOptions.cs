namespace Metering.Attacks;

/// <summary>What is to be run; valid as a whole once made by <see cref="AttacksCommand"/>.</summary>
internal sealed record AttackOptions
{
    /// <summary>Root of the checkout in which the server is built.</summary>
    public required string Checkout { get; init; }

    public required IReadOnlyList<Attack> Attacks { get; init; }

    /// <summary>Length of each time with and without an attack.</summary>
    public required double Seconds { get; init; }

    /// <summary>Times that each attack is made.</summary>
    public required int Rounds { get; init; }

    /// <summary>Length of the load that a new server is warmed up with.</summary>
    public required double WarmSeconds { get; init; }

    /// <summary>Writes a second of the well-behaved client.</summary>
    public required int WritesPerSecond { get; init; }

    /// <summary>Whether the result is printed as JSON.</summary>
    public required bool IsJson { get; init; }

    /// <summary>Document that takes the table; null for none.</summary>
    public required string? Document { get; init; }
}
