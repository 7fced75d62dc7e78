using Metering.Ledger;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Metering.Server;

/// <summary><c>/healthz</c>: the process answers. <c>/readyz</c>: it can count usage.</summary>
internal static class Health
{
    /// <summary>Alive needs nothing but an answer.</summary>
    public static readonly HealthCheckOptions Alive = new() { Predicate = _ => false };

    /// <summary>Ready needs the ledger.</summary>
    public static readonly HealthCheckOptions Ready = new();

    /// <summary>Where readiness is asked for.</summary>
    public const string ReadyPath = "/readyz";

    /// <summary>Where life is asked for.</summary>
    public const string AlivePath = "/healthz";

    /// <summary>Whether a request asks after the server's health once: the one question that an overloaded server still answers.</summary>
    public static bool IsAsked(PathString path) =>
        path.Value is AlivePath or ReadyPath or "/grpc.health.v1.Health/Check";
}

/// <summary>Healthy as long as the ledger has met no fault that it must not outlive, and can count at the moment.</summary>
internal sealed class LedgerHealth(ILedger ledger) : IHealthCheck
{
    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        ledger.Failure.IsCompleted ? HealthCheckResult.Unhealthy(await ledger.Failure)
        : ledger.Outage is { } outage ? HealthCheckResult.Unhealthy(outage)
        : HealthCheckResult.Healthy();
}
