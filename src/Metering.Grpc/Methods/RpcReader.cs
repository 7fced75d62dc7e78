namespace Metering.Grpc;

/// <summary>The messages that a client streams, one at a time. Used by one handler, not by several threads at once.</summary>
public sealed class RpcReader<T>
{
    private readonly FrameReader<T> _frames;
    private readonly MessageCodec<T> _codec;
    private readonly RpcCall _call;
    private T? _current;
    private bool _hasCurrent;
    private bool _hasEnded;

    internal RpcReader(RpcCall call, MessageCodec<T> codec, FrameReader<T> frames)
    {
        _call = call;
        _codec = codec;
        _frames = frames;
    }

    /// <summary>The message read last; valid until the next read, or until the handler has finished.</summary>
    public T Current => _hasCurrent ? _current! : throw new InvalidOperationException("No message was read.");

    /// <summary>Whether the message read last came compressed.</summary>
    public bool IsCurrentCompressed { get; private set; }

    /// <summary>Waits for the next message; false when the client has sent its last one.</summary>
    /// <exception cref="RpcException">What came is not a message within the limits; let it end the call.</exception>
    /// <exception cref="OperationCanceledException">The call's <see cref="RpcCall.CancellationToken"/> was cancelled.</exception>
    public async ValueTask<bool> ReadAsync()
    {
        Release();
        if (_hasEnded)
            return false;
        FrameRead<T> read = await _frames.ReadNextAsync(_call, _call.CancellationToken);
        if (read.Refusal is { } refusal)
            throw new RpcException(refusal);
        _hasEnded = !read.HasMessage;
        (_current, _hasCurrent) = (read.Message, read.HasMessage);
        IsCurrentCompressed = read.IsCompressed;
        return read.HasMessage;
    }

    internal void Release()
    {
        if (!_hasCurrent)
            return;
        _hasCurrent = false;
        _codec.Release(_current!);
        _current = default;
    }
}
