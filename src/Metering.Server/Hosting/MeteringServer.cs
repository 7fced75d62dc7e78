using Metering.Grpc;
using Metering.Ledger;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Metering.Server;

/// <summary>How a server's life ended.</summary>
public enum ServerEnd
{
    /// <summary>It was asked to stop, finished what was in flight and closed the ledger.</summary>
    Stopped,

    /// <summary>The ledger met a fault that it must not outlive.</summary>
    LedgerFailed,
}

/// <summary>A server that is listening. Dispose it to stop: no new work, what is in flight is finished, the ledger is closed.</summary>
public sealed partial class MeteringServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly IMeteringStore _store;
    private readonly IAsyncDisposable[] _beside;
    private readonly DataDirectory _data;
    private readonly IDisposable _instruments;
    private readonly ILogger _log;
    private readonly HealthService _health;
    private readonly Lock _following = new();
    private bool _isStopped;

    /// <param name="application">What listens.</param>
    /// <param name="store">What keeps.</param>
    /// <param name="beside">What runs beside them as long as the server does.</param>
    /// <param name="data">The data directory.</param>
    /// <param name="instruments">What is measured for as long.</param>
    /// <param name="facts">What somebody who uses the server wants to know about it.</param>
    internal MeteringServer(
        WebApplication application, IMeteringStore store, IAsyncDisposable[] beside, DataDirectory data, IDisposable instruments, ServerFacts facts)
    {
        _application = application;
        _store = store;
        _beside = beside;
        _data = data;
        _instruments = instruments;
        Facts = facts;
        _log = application.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Metering.Server");
        _health = application.Services.GetRequiredService<HealthService>();
        _store.Noticed += (_, notice) =>
        {
            Noticed(notice.Sentence);
            FollowReadiness();
        };
        FollowReadiness();
        if (facts.Emulator != EmulatorMode.Off)
            Emulates(facts.Emulator);
    }

    /// <summary>What clients hold at this moment, for tests.</summary>
    internal InFlight InFlight => _application.Services.GetRequiredService<ConnectionGate>().Whole;

    /// <summary>What somebody who uses the server wants to know about it.</summary>
    public ServerFacts Facts { get; }

    /// <summary>Serves until SIGTERM, SIGINT, <paramref name="stop"/> or a failure of the ledger; then stops in order.</summary>
    public async Task<ServerEnd> RunAsync(CancellationToken stop)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        IHostApplicationLifetime lifetime = _application.Lifetime;
        await using CancellationTokenRegistration first = lifetime.ApplicationStopping.Register(() => asked.TrySetResult());
        await using CancellationTokenRegistration second = stop.Register(() => asked.TrySetResult());
        Task ended = await Task.WhenAny(asked.Task, _store.Ledger.Failure);
        ServerEnd end = ServerEnd.Stopped;
        if (ended == _store.Ledger.Failure)
        {
            end = ServerEnd.LedgerFailed;
            LedgerFailed(await _store.Ledger.Failure);
        }

        await DisposeAsync();
        return end;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_isStopped)
            return;
        _isStopped = true;

        // Load balancers look away first, then the doors close, then the ledger: nothing in flight is lost.
        _health.Stop();
        await _application.StopAsync(CancellationToken.None);
        await _application.DisposeAsync();
        _instruments.Dispose();
        foreach (IAsyncDisposable one in _beside)
            await one.DisposeAsync();
        await _store.DisposeAsync();
        _data.Dispose();
    }

    // An outage begins and ends with a notice; gRPC's health is then that of /readyz.
    private void FollowReadiness()
    {
        lock (_following)
            _health.SetReady(_store.Ledger.Outage is null);
    }

    [LoggerMessage(LogLevel.Warning, "{sentence}")]
    private partial void Noticed(string sentence);

    [LoggerMessage(LogLevel.Warning, "EMULATOR ({mode}): any bearer token and any JWT is accepted. For rehearsal only, never for billing.")]
    private partial void Emulates(EmulatorMode mode);

    [LoggerMessage(LogLevel.Critical, "The ledger failed and the server stops: {what} Start it again; what is on disk decides what was counted.")]
    private partial void LedgerFailed(string what);
}

/// <summary>What somebody who uses a server wants to know about it.</summary>
/// <param name="Listening">Where it listens.</param>
/// <param name="Advertised">HOST:PORT that SDKs are told to call.</param>
/// <param name="DataDirectory">The data directory, absolute.</param>
/// <param name="AdminTokenFile">The admin token's file.</param>
/// <param name="CertificateAuthorityFile">The CA certificate that clients are to trust; null when the certificate is the operator's own or there is no TLS.</param>
/// <param name="Emulator">Whether, and how, it only rehearses.</param>
/// <param name="CatalogVersion">Version of the catalog in force; 0 when empty.</param>
/// <param name="CatalogChanges">What applying the catalog file at start changed.</param>
/// <param name="Example">Ids with which a first Write succeeds; null when the catalog has none.</param>
public sealed record ServerFacts(
    ListenAddresses Listening, string Advertised, string DataDirectory, string AdminTokenFile, string? CertificateAuthorityFile,
    EmulatorMode Emulator, long CatalogVersion, IReadOnlyList<CatalogDifference> CatalogChanges, WriteExample? Example);

/// <summary>Ids with which a first Write succeeds.</summary>
public sealed record WriteExample(string ServiceAccountId, string ProductInstanceId, string SkuId);
