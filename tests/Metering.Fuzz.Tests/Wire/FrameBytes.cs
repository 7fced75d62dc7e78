using System.Buffers.Binary;
using Metering.Load;

namespace Metering.Fuzz.Tests;

/// <summary>Writes and walks HTTP/2 frames.</summary>
internal static class FrameBytes
{
    public const byte Priority = 2;

    public static byte[] Frame(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[Http2Frame.HeaderBytes + payload.Length];
        Http2Frame.WriteHeader(frame, payload.Length, type, flags, stream);
        payload.CopyTo(frame.AsSpan(Http2Frame.HeaderBytes));
        return frame;
    }

    /// <summary>A request as the frames of stream 1: HEADERS, CONTINUATION where needed, DATA.</summary>
    public static byte[] Request(byte[] headerBlock, byte[] body)
    {
        using var frames = new MemoryStream();
        for (int at = 0; at == 0 || at < headerBlock.Length; at += Http2Frame.PayloadBytes)
        {
            ReadOnlySpan<byte> part = headerBlock.AsSpan(at, Math.Min(Http2Frame.PayloadBytes, headerBlock.Length - at));
            bool isLast = at + part.Length == headerBlock.Length;
            int flags = (isLast ? Http2Frame.EndHeaders : 0) | (at == 0 && body.Length == 0 ? Http2Frame.EndStream : 0);
            frames.Write(Frame(at == 0 ? Http2Frame.Headers : Http2Frame.Continuation, (byte)flags, 1, part));
        }

        for (int at = 0; at < body.Length; at += Http2Frame.PayloadBytes)
        {
            ReadOnlySpan<byte> part = body.AsSpan(at, Math.Min(Http2Frame.PayloadBytes, body.Length - at));
            frames.Write(Frame(Http2Frame.Data, at + part.Length == body.Length ? Http2Frame.EndStream : (byte)0, 1, part));
        }

        return frames.ToArray();
    }

    /// <summary>The frames of bytes that are whole frames; what is left over at the end is not one.</summary>
    public static List<byte[]> Split(ReadOnlySpan<byte> bytes, out int rest)
    {
        List<byte[]> frames = [];
        while (bytes.Length >= Http2Frame.HeaderBytes)
        {
            int length = Http2Frame.HeaderBytes + (int)(BinaryPrimitives.ReadUInt32BigEndian(bytes) >> 8);
            if (length > bytes.Length)
                break;
            frames.Add(bytes[..length].ToArray());
            bytes = bytes[length..];
        }

        rest = bytes.Length;
        return frames;
    }
}
