using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Google.Protobuf;

namespace Metering.Grpc;

/// <summary>What reading came to: a message, the end of the stream, or a refusal.</summary>
internal readonly struct FrameRead<T>
{
    private FrameRead(T? message, bool hasMessage, bool isCompressed, RpcStatus? refusal)
    {
        IsCompressed = isCompressed;
        Message = message;
        HasMessage = hasMessage;
        Refusal = refusal;
    }

    public T? Message { get; }

    public bool HasMessage { get; }

    public bool IsCompressed { get; }

    public RpcStatus? Refusal { get; }

    public static FrameRead<T> Of(T message, bool isCompressed) => new(message, true, isCompressed, null);

    public static FrameRead<T> End => default;

    public static FrameRead<T> Refused(RpcStatus status) => new(default, false, false, status);
}

/// <summary>
/// Takes length-prefixed messages (flag, 4 bytes big-endian length, message) out of a request's pipe, however they are
/// cut. Messages are parsed where they lie, before the pipe moves on.
/// </summary>
internal readonly struct FrameReader<T>(
    RpcCall call, PipeReader pipe, MessageCodec<T> codec, MessageEncoding encoding, int maximumMessageBytes)
{
    /// <summary>
    /// The one message of a call that sends one, once the client has half-closed. A call whose message is not whole when the
    /// server begins to stop has not begun: it is refused, so that no client holds up the end by never half-closing.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<FrameRead<T>> ReadSingleAsync(CancellationToken cancellationToken, CancellationToken stopping)
    {
        FrameRead<T> single = default;
        bool handedOver = false;
        try
        {
            while (true)
            {
                ValueTask<ReadResult> reading = pipe.ReadAsync(cancellationToken);
                ReadResult read = await (reading.IsCompleted ? reading : WaitAsync(reading, stopping));
                ReadOnlySequence<byte> rest = read.Buffer;
                try
                {
                    if (single.HasMessage && !rest.IsEmpty)
                        return FrameRead<T>.Refused(Statuses.SecondMessage);
                    if (!single.HasMessage && TakeMessage(ref rest, out FrameRead<T> taken))
                    {
                        if (taken.Refusal is not null)
                            return taken;
                        single = taken;
                        if (!rest.IsEmpty)
                            return FrameRead<T>.Refused(Statuses.SecondMessage);
                    }

                    if (read.IsCompleted)
                    {
                        handedOver = single.HasMessage;
                        if (handedOver)
                            return single;
                        return FrameRead<T>.Refused(rest.IsEmpty ? Statuses.NoMessage : Statuses.Truncated);
                    }

                    if (read.IsCanceled)
                        return FrameRead<T>.Refused(Statuses.Stopping);
                    if (!call.TryHold(rest.Length))
                        return FrameRead<T>.Refused(Statuses.MemoryFull);
                }
                finally
                {
                    pipe.AdvanceTo(rest.Start, rest.End);
                }
            }
        }
        finally
        {
            if (single.HasMessage && !handedOver)
                codec.Release(single.Message!);
        }
    }

    /// <summary>The next message of a client's stream, or its end.</summary>
    public async ValueTask<FrameRead<T>> ReadNextAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            ReadResult read = await pipe.ReadAsync(cancellationToken);
            ReadOnlySequence<byte> rest = read.Buffer;
            bool taken = false;
            try
            {
                taken = TakeMessage(ref rest, out FrameRead<T> next);
                if (taken)
                    return next;
                if (read.IsCompleted)
                    return rest.IsEmpty ? FrameRead<T>.End : FrameRead<T>.Refused(Statuses.Truncated);
                if (!call.TryHold(rest.Length))
                    return FrameRead<T>.Refused(Statuses.MemoryFull);
            }
            finally
            {
                // What follows a message was not examined: the next read must hand it out at once.
                pipe.AdvanceTo(rest.Start, taken ? rest.Start : rest.End);
            }
        }
    }

    // What is there already is read without this; a wait ends, with what has come, when the server begins to stop.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> WaitAsync(ValueTask<ReadResult> reading, CancellationToken stopping)
    {
        using CancellationTokenRegistration registration =
            stopping.UnsafeRegister(static pipe => ((PipeReader)pipe!).CancelPendingRead(), pipe);
        return await reading;
    }

    private bool TakeMessage(ref ReadOnlySequence<byte> buffer, out FrameRead<T> taken)
    {
        taken = default;
        if (buffer.Length < FrameHeader.Bytes)
            return false;
        FrameHeader header = FrameHeader.Parse(buffer);
        if (Refuse(header) is { } refusal)
        {
            taken = FrameRead<T>.Refused(refusal);
            return true;
        }

        if (buffer.Length < FrameHeader.Bytes + header.Length)
            return false;
        ReadOnlySequence<byte> message = buffer.Slice(FrameHeader.Bytes, header.Length);
        buffer = buffer.Slice(message.End);
        taken = header.Flag == 0 ? Parse(message, isCompressed: false) : Inflate(message);
        return true;
    }

    private RpcStatus? Refuse(FrameHeader header) => header.Flag switch
    {
        > 1 => Statuses.UnknownFrameFlag(header.Flag),
        1 when encoding == MessageEncoding.Identity => Statuses.CompressedWithoutEncoding,
        _ => header.Length > maximumMessageBytes ? Statuses.MessageTooLarge(maximumMessageBytes) : null,
    };

    private FrameRead<T> Inflate(in ReadOnlySequence<byte> compressed)
    {
        if (GzipMessage.TryInflate(compressed, maximumMessageBytes, out GzipMessage message) is { } refusal)
            return FrameRead<T>.Refused(refusal);
        using (message)
            return Parse(message.Bytes, isCompressed: true);
    }

    private FrameRead<T> Parse(in ReadOnlySequence<byte> message, bool isCompressed)
    {
        if (!call.TryHold(message.Length))
            return FrameRead<T>.Refused(Statuses.MemoryFull);
        try
        {
            return FrameRead<T>.Of(codec.Read(message), isCompressed);
        }
        catch (RpcException refused)
        {
            return FrameRead<T>.Refused(refused.Status);
        }
        catch (InvalidProtocolBufferException malformed)
        {
            return FrameRead<T>.Refused(Statuses.MalformedMessage(malformed.Message));
        }
    }
}

/// <summary>The five bytes before every message.</summary>
internal readonly record struct FrameHeader(byte Flag, uint Length)
{
    public const int Bytes = 5;

    public static FrameHeader Parse(in ReadOnlySequence<byte> buffer)
    {
        if (buffer.FirstSpan.Length >= Bytes)
            return Parse(buffer.FirstSpan);
        Span<byte> header = stackalloc byte[Bytes];
        buffer.Slice(0, Bytes).CopyTo(header);
        return Parse(header);
    }

    private static FrameHeader Parse(ReadOnlySpan<byte> header) => new(header[0], BinaryPrimitives.ReadUInt32BigEndian(header[1..]));
}
