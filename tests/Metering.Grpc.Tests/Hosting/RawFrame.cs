namespace Metering.Grpc.Tests;

/// <summary>One HTTP/2 frame.</summary>
internal sealed record RawFrame(byte Type, byte Flags, int Stream, byte[] Payload)
{
    public const byte Data = 0, Headers = 1, Reset = 3, Settings = 4, Ping = 6, GoAway = 7, WindowUpdate = 8;
    public const byte EndStream = 1, Ack = 1, EndHeaders = 4;

    public bool EndsStream => Type is Data or Headers && (Flags & EndStream) != 0;

    /// <summary>Whether this is a header block with this header.</summary>
    public bool Spells(string name, string value) => Type == Headers && RawHeaders.Decode(Payload).Contains((name, value));
}
