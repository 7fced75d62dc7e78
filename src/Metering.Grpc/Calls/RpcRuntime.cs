using Microsoft.Extensions.Logging;

namespace Metering.Grpc;

/// <summary>What every call needs from its host.</summary>
/// <param name="Time">Where deadlines take their time from.</param>
/// <param name="Log">Where faults go.</param>
/// <param name="Budget">What all calls may hold together; null for anything.</param>
/// <param name="Stopping">Cancelled when the server begins to stop.</param>
internal sealed record RpcRuntime(TimeProvider Time, ILogger Log, ICallBudget? Budget, CancellationToken Stopping)
{
    /// <summary>The deadlines of all calls.</summary>
    public DeadlineWheel Deadlines { get; } = new(Time);
}
