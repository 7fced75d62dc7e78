namespace Metering.Grpc.Cost;

/// <summary>How a run is made; valid as a whole once made by <see cref="CostCommand"/>.</summary>
internal sealed record CostOptions
{
    /// <summary>How often each handler has its turn with each kind of call.</summary>
    public required int Rounds { get; init; }

    /// <summary>Length of a turn.</summary>
    public required double Seconds { get; init; }

    /// <summary>Length of the turns before the first round, which are not counted.</summary>
    public required double WarmUpSeconds { get; init; }

    public required int Connections { get; init; }

    /// <summary>Calls in flight on each connection.</summary>
    public required int Streams { get; init; }

    /// <summary>Bytes of the request message and of the response message.</summary>
    public required int MessageBytes { get; init; }

    /// <summary>File for the figures as JSON; null for none.</summary>
    public required string? JsonPath { get; init; }
}
