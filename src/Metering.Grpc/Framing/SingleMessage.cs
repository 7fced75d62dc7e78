using System.Buffers;
using System.IO.Pipelines;

namespace Metering.Grpc;

/// <summary>
/// The one message of a call that sends one, as it comes in. It is handed back to its codec once, by <see cref="Release"/>.
/// </summary>
internal struct SingleMessage<T>
{
    private bool _isThere;

    /// <summary>The message, once it is there.</summary>
    public T? Value { get; private set; }

    public bool IsCompressed { get; private set; }

    /// <summary>
    /// Takes what was read off the pipe. True when nothing more is waited for: the client has half-closed, or what came is
    /// refused.
    /// </summary>
    public bool Take(RpcCall call, in ReadResult read, FrameReader<T> frames, out RpcStatus? refusal)
    {
        ReadOnlySequence<byte> rest = read.Buffer;
        try
        {
            refusal = TakeFrame(ref rest, frames, call);
            if (refusal is null && read.IsCompleted && !_isThere)
                refusal = rest.IsEmpty ? Statuses.NoMessage : Statuses.Truncated;
            else if (refusal is null && !read.IsCompleted)
                refusal = read.IsCanceled ? Statuses.Stopping : call.TryHold(rest.Length) ? null : Statuses.MemoryFull;
            return refusal is not null || read.IsCompleted;
        }
        finally
        {
            call.RequestBody.AdvanceTo(rest.Start, rest.End);
        }
    }

    /// <summary>Nothing touches the message any more.</summary>
    public readonly void Release(MessageCodec<T> codec)
    {
        if (_isThere)
            codec.Release(Value!);
    }

    private RpcStatus? TakeFrame(ref ReadOnlySequence<byte> rest, FrameReader<T> frames, RpcCall call)
    {
        if (!_isThere)
        {
            if (!frames.TryTake(ref rest, call, out FrameRead<T> taken))
                return null;
            if (taken.Refusal is not null)
                return taken.Refusal;
            (_isThere, Value, IsCompressed) = (true, taken.Message, taken.IsCompressed);
        }

        return rest.IsEmpty ? null : Statuses.SecondMessage;
    }
}
