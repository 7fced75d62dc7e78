using global::Grpc.Health.V1;
using ServingStatus = global::Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Metering.Grpc;

/// <summary>
/// The standard health service, <c>grpc.health.v1.Health</c>. The host says what serves; the empty name is the server as a
/// whole. While it is not ready, and when the server begins to stop, everything is NOT_SERVING and watchers
/// hear it; when it stops, their watches end.
/// </summary>
public sealed class HealthService
{
    private const int RequestBytesMaximum = RpcLimits.HealthRequestBytes;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, bool> _serving = new(StringComparer.Ordinal);
    private TaskCompletionSource _changed = NewSignal();
    private bool _isReady = true;
    private bool _isStopping;

    /// <summary>Makes the service; nothing is known to it yet.</summary>
    public HealthService() => Service = new RpcService(HealthReflection.Descriptor.Services.Single(service => service.Name == "Health"))
        {
            OnStopping = Stop,
        }
        .Unary<HealthCheckRequest, HealthCheckResponse>("Check", (request, call) => new(Check(request.Service, call)), RequestBytesMaximum)
        .ServerStreaming<HealthCheckRequest, HealthCheckResponse>("Watch", WatchAsync, RequestBytesMaximum);

    /// <summary>To be served.</summary>
    public RpcService Service { get; }

    /// <summary>Says whether a service serves; watchers hear of a change. Without effect once the server is stopping.</summary>
    /// <param name="service">Full name of the service, or "" for the server as a whole.</param>
    /// <param name="isServing">Whether it answers calls now.</param>
    public void SetServing(string service, bool isServing)
    {
        lock (_gate)
        {
            if (!_isStopping)
                _serving[service] = isServing;
            Signal();
        }
    }

    /// <summary>Says whether the server can do its work now: until it can, everything is NOT_SERVING, and watchers hear it.</summary>
    public void SetReady(bool isReady)
    {
        lock (_gate)
        {
            _isReady = isReady;
            Signal();
        }
    }

    /// <summary>Everything is NOT_SERVING from now on. UseRpc calls it when the server begins to stop.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _isStopping = true;
            foreach (string service in _serving.Keys.ToArray())
                _serving[service] = false;
            Signal();
        }
    }

    private RpcResult<HealthCheckResponse> Check(string service, RpcCall call)
    {
        lock (_gate)
        {
            return _serving.TryGetValue(service, out bool isServing)
                ? new HealthCheckResponse { Status = isServing && _isReady && !call.IsStopping ? ServingStatus.Serving : ServingStatus.NotServing }
                : new RpcStatus(RpcCode.NotFound, $"unknown service \"{service}\"");
        }
    }

    private async ValueTask<RpcStatus> WatchAsync(HealthCheckRequest request, RpcWriter<HealthCheckResponse> writer, RpcCall call)
    {
        ServingStatus? told = null;
        while (true)
        {
            (ServingStatus status, Task changed, bool isLast) = Observe(request.Service, call);
            if (status != told)
                await writer.WriteAsync(new HealthCheckResponse { Status = status });
            told = status;
            if (isLast)
                return Statuses.Stopping;
            await changed.WaitAsync(call.CancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!call.IsStopping)
                call.CancellationToken.ThrowIfCancellationRequested();
        }
    }

    // A stopping server may reach a call before it reaches Stop: nobody hears SERVING any more.
    private (ServingStatus Status, Task Changed, bool IsLast) Observe(string service, RpcCall call)
    {
        lock (_gate)
        {
            bool isLast = _isStopping || call.IsStopping;
            ServingStatus status = !_serving.TryGetValue(service, out bool isServing) ? ServingStatus.ServiceUnknown
                : isServing && _isReady && !isLast ? ServingStatus.Serving
                : ServingStatus.NotServing;
            return (status, _changed.Task, isLast);
        }
    }

    private void Signal()
    {
        TaskCompletionSource changed = _changed;
        _changed = NewSignal();
        changed.SetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
