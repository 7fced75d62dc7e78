using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;

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
internal sealed class FrameReader<T>(MessageCodec<T> codec, int maximumMessageBytes)
{
    /// <summary>The next message of a client's stream, or its end.</summary>
    public async ValueTask<FrameRead<T>> ReadNextAsync(RpcCall call, CancellationToken cancellationToken)
    {
        PipeReader pipe = call.RequestBody;
        while (true)
        {
            ReadResult read = await pipe.ReadAsync(cancellationToken);
            ReadOnlySequence<byte> rest = read.Buffer;
            bool taken = false;
            try
            {
                taken = TryTake(ref rest, call, out FrameRead<T> next);
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

    /// <summary>Takes the first message off the buffer, or refuses it; false when it is not there as a whole.</summary>
    public bool TryTake(ref ReadOnlySequence<byte> buffer, RpcCall call, out FrameRead<T> taken)
    {
        taken = default;
        if (buffer.Length < FrameHeader.Bytes)
            return false;
        FrameHeader header = FrameHeader.Parse(buffer);
        if (Refuse(header, call.RequestEncoding) is { } refusal)
        {
            taken = FrameRead<T>.Refused(refusal);
            return true;
        }

        if (buffer.Length < FrameHeader.Bytes + header.Length)
            return false;
        ReadOnlySequence<byte> message = buffer.Slice(FrameHeader.Bytes, header.Length);
        buffer = buffer.Slice(message.End);
        taken = header.Flag == 0 ? Parse(message, call, isCompressed: false) : Inflate(message, call);
        return true;
    }

    private RpcStatus? Refuse(FrameHeader header, MessageEncoding encoding) => header.Flag switch
    {
        > 1 => Statuses.UnknownFrameFlag(header.Flag),
        1 when encoding == MessageEncoding.Identity => Statuses.CompressedWithoutEncoding,
        _ => header.Length > maximumMessageBytes ? Statuses.MessageTooLarge(maximumMessageBytes) : null,
    };

    private FrameRead<T> Inflate(in ReadOnlySequence<byte> compressed, RpcCall call)
    {
        if (GzipMessage.TryInflate(compressed, maximumMessageBytes, out GzipMessage message) is { } refusal)
            return FrameRead<T>.Refused(refusal);
        using (message)
            return Parse(message.Bytes, call, isCompressed: true);
    }

    private FrameRead<T> Parse(in ReadOnlySequence<byte> message, RpcCall call, bool isCompressed)
    {
        if (!call.TryHold(message.Length))
            return FrameRead<T>.Refused(Statuses.MemoryFull);
        return FrameRead<T>.Of(codec.Read(message), isCompressed);
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
