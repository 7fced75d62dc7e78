using System.Buffers;
using System.Buffers.Binary;

namespace Metering.Grpc;

/// <summary>Writes messages straight into a response's memory. Nothing is advanced unless the whole message was written.</summary>
internal static class FrameWriter
{
    /// <summary>A message with its length prefix, uncompressed.</summary>
    public static void WriteFrame<T>(IBufferWriter<byte> output, MessageCodec<T> codec, T message)
    {
        int length = codec.SizeOf(message);
        Span<byte> frame = output.GetSpan(FrameHeader.Bytes + length)[..(FrameHeader.Bytes + length)];
        frame[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(frame[1..], length);
        codec.Write(message, frame[FrameHeader.Bytes..]);
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
