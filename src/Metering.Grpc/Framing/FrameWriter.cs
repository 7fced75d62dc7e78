using System.Buffers;
using System.Buffers.Binary;

namespace Metering.Grpc;

/// <summary>Writes messages straight into a response's memory. Nothing is advanced unless the whole message was written.</summary>
internal static class FrameWriter
{
    /// <summary>A message with its length prefix, uncompressed.</summary>
    public static void WriteFrame<T>(IBufferWriter<byte> output, MessageCodec<T> codec, T message, int length)
    {
        Span<byte> frame = output.GetSpan(FrameHeader.Bytes + length)[..(FrameHeader.Bytes + length)];
        frame[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(frame[1..], length);
        codec.Write(message, frame[FrameHeader.Bytes..]);
        output.Advance(frame.Length);
    }

    /// <summary>Bytes of a message that are ready, with their length prefix.</summary>
    public static void WriteFrame(IBufferWriter<byte> output, ReadOnlySpan<byte> message, bool isCompressed)
    {
        Span<byte> frame = output.GetSpan(FrameHeader.Bytes + message.Length)[..(FrameHeader.Bytes + message.Length)];
        frame[0] = isCompressed ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt32BigEndian(frame[1..], message.Length);
        message.CopyTo(frame[FrameHeader.Bytes..]);
        output.Advance(frame.Length);
    }

    /// <summary>The message alone.</summary>
    public static void WriteMessage<T>(IBufferWriter<byte> output, MessageCodec<T> codec, T message)
    {
        int length = codec.SizeOf(message);
        codec.Write(message, output.GetSpan(length)[..length]);
        output.Advance(length);
    }
}
