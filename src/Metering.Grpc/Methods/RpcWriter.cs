using System.IO.Pipelines;

namespace Metering.Grpc;

/// <summary>The messages that a handler streams to its client. Used by one handler, not by several threads at once.</summary>
public sealed class RpcWriter<T>
{
    private readonly Lock _gate = new();
    private readonly RpcCall _call;
    private readonly MessageCodec<T> _codec;
    private Task _flushing = Task.CompletedTask;
    private bool _isClosed;

    internal RpcWriter(RpcCall call, MessageCodec<T> codec)
    {
        _call = call;
        _codec = codec;
    }

    /// <summary>Sends one message at once; waits while the client is not taking more.</summary>
    /// <exception cref="OperationCanceledException">The client is gone or the deadline passed.</exception>
    public ValueTask WriteAsync(T message)
    {
        lock (_gate)
        {
            if (_isClosed || _call.HttpContext.RequestAborted.IsCancellationRequested)
                throw new OperationCanceledException("The call has ended.");
            ResponseMessage.Write(_call, _codec, message);
            ValueTask<FlushResult> flush = _call.HttpContext.Response.BodyWriter.FlushAsync(_call.TransportToken);
            if (flush.IsCompletedSuccessfully)
                return flush.GetAwaiter().GetResult().IsCanceled ? ValueTask.FromCanceled(new CancellationToken(true)) : default;
            _flushing = flush.AsTask();
            return new ValueTask(_flushing);
        }
    }

    /// <summary>After this no more messages are written, and none is being written.</summary>
    internal async Task CloseAsync()
    {
        Task flushing;
        lock (_gate)
        {
            _isClosed = true;
            flushing = _flushing;
        }

        await flushing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
