using System.Buffers.Binary;

namespace Metering.Load;

/// <summary>Frame types, flags and settings of RFC 9113, sections 6 and 6.5.2, as far as a unary client meets them.</summary>
internal static class Http2Frame
{
    public const int HeaderBytes = 9;

    /// <summary>Largest payload that either side sends without having agreed on more.</summary>
    public const int PayloadBytes = 16 * 1024;

    public const byte Data = 0;
    public const byte Headers = 1;
    public const byte ResetStream = 3;
    public const byte Settings = 4;
    public const byte PushPromise = 5;
    public const byte Ping = 6;
    public const byte GoAway = 7;
    public const byte WindowUpdate = 8;
    public const byte Continuation = 9;

    public const byte EndStream = 0x1;
    public const byte Acknowledgement = 0x1;
    public const byte EndHeaders = 0x4;
    public const byte Padded = 0x8;
    public const byte Priority = 0x20;

    public const ushort HeaderTableSize = 1;
    public const ushort EnablePush = 2;
    public const ushort MaximumConcurrentStreams = 3;
    public const ushort InitialWindowSize = 4;

    /// <summary>Flow-control window, in bytes, before any SETTINGS or WINDOW_UPDATE.</summary>
    public const int DefaultWindowBytes = 65_535;

    public static ReadOnlySpan<byte> ClientPreface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <summary>Fewest bytes that the payload of a frame of this type has.</summary>
    public static int GetMinimumPayloadBytes(byte type) => type switch
    {
        Ping or GoAway => 8,
        ResetStream or WindowUpdate => 4,
        _ => 0,
    };

    /// <summary>Writes a frame header into the first nine bytes of <paramref name="target"/>.</summary>
    public static void WriteHeader(Span<byte> target, int payloadBytes, byte type, byte flags, int streamId)
    {
        BinaryPrimitives.WriteUInt32BigEndian(target, ((uint)payloadBytes << 8) | type);
        target[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(target[5..], streamId);
    }
}

/// <summary>The server broke HTTP/2, or ended the connection: it cannot be used any more.</summary>
internal sealed class Http2Exception(string message) : IOException(message);
