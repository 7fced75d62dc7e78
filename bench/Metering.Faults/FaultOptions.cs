namespace Metering.Faults;

/// <summary>What is to be run; valid as a whole once made by <see cref="FaultsCommand"/>.</summary>
internal sealed record FaultOptions
{
    public required IReadOnlyList<Scenario> Scenarios { get; init; }

    /// <summary>Each scenario as often as fits into the tests.</summary>
    public required bool IsShort { get; init; }

    /// <summary>How often each scenario is run; null for as often as it says.</summary>
    public required int? Times { get; init; }

    /// <summary>Decides every moment and place; printed, so that a run can be repeated as far as a running server allows.</summary>
    public required int Seed { get; init; }

    /// <summary>File that takes the result as JSON; null for none.</summary>
    public required string? Json { get; init; }

    /// <summary>File with earlier pieces of this run, to which this one is added; null for none.</summary>
    public required string? Pieces { get; init; }

    /// <summary>Document that takes the scorecard; null for none.</summary>
    public required string? Document { get; init; }
}
