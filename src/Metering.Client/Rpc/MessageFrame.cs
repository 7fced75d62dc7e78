using System.Buffers.Binary;
using Google.Protobuf;

namespace Metering.Client;

/// <summary>gRPC's framing: a flag byte (0: not compressed), the length as four bytes big-endian, the message.</summary>
internal static class MessageFrame
{
    /// <summary>Largest answer that is read, in bytes.</summary>
    public const int AnswerBytesMaximum = 64 * 1024 * 1024;

    /// <summary>What comes before a message.</summary>
    public const int PrefixBytes = 5;

    /// <summary>The one frame of a unary request.</summary>
    public static byte[] Write(IMessage message)
    {
        int length = message.CalculateSize();
        byte[] frame = new byte[PrefixBytes + length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), length);
        message.WriteTo(frame.AsSpan(PrefixBytes));
        return frame;
    }

    /// <summary>Takes the one message out of a unary answer.</summary>
    /// <exception cref="InvalidDataException">The body is not exactly one uncompressed frame; the message says how.</exception>
    public static ReadOnlyMemory<byte> Read(ReadOnlyMemory<byte> body)
    {
        if (body.IsEmpty)
            throw new InvalidDataException("the answer is OK but holds no message");
        if (body.Length < PrefixBytes)
            throw new InvalidDataException("the answer breaks off within a frame's prefix");
        uint length = LengthOf(body.Span);
        long rest = body.Length - PrefixBytes;
        if (rest < length)
            throw new InvalidDataException($"the answer breaks off: {rest} of {length} bytes");
        if (rest > length)
            throw new InvalidDataException("the answer holds more than one message");
        return body[PrefixBytes..];
    }

    /// <summary>The length that a prefix tells of.</summary>
    /// <exception cref="InvalidDataException">What follows is compressed.</exception>
    public static uint LengthOf(ReadOnlySpan<byte> prefix) => prefix[0] == 0
        ? BinaryPrimitives.ReadUInt32BigEndian(prefix[1..])
        : throw new InvalidDataException("the answer is compressed, which was not asked for");

    /// <summary>Reads a body to its end.</summary>
    /// <exception cref="InvalidDataException">It is longer than <see cref="AnswerBytesMaximum"/>.</exception>
    public static async Task<ReadOnlyMemory<byte>> ReadBodyAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[4096];
        int filled = 0;
        while (await stream.ReadAsync(buffer.AsMemory(filled), cancellationToken) is > 0 and int read)
        {
            filled += read;
            if (filled > AnswerBytesMaximum)
                throw new InvalidDataException($"the answer is longer than {AnswerBytesMaximum} bytes");
            if (filled == buffer.Length)
                Array.Resize(ref buffer, buffer.Length * 2);
        }

        return buffer.AsMemory(0, filled);
    }
}
