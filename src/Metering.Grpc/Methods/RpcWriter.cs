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
            // Without the deadline's token: the server resets a stream whose flush a token cancels, and no status would follow.
            ValueTask<FlushResult> flush = _call.HttpContext.Response.BodyWriter.FlushAsync(CancellationToken.None);
            if (flush.IsCompletedSuccessfully)
                return flush.GetAwaiter().GetResult().IsCanceled ? ValueTask.FromCanceled(new CancellationToken(true)) : default;
            Task flushing = EndOfAsync(flush);
            _flushing = flushing;
            return new ValueTask(flushing);
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
            if (!flushing.IsCompleted)
                _call.HttpContext.Response.BodyWriter.CancelPendingFlush(); // what was written stays, and is sent before the status
        }

        await flushing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static async Task EndOfAsync(ValueTask<FlushResult> flush)
    {
        if ((await flush).IsCanceled)
            throw new OperationCanceledException("The deadline passed while the client took no more.");
    }
}
