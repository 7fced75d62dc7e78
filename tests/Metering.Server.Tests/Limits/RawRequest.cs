using System.Buffers.Binary;
using System.Text;

namespace Metering.Server.Tests;

/// <summary>Requests as bytes, for <see cref="RawConnection"/>.</summary>
internal static class RawRequest
{
    public const string ProductWrite = "/yandex.cloud.marketplace.metering.v1.ProductUsageService/Write";
    public const string TokenCreate = "/yandex.cloud.iam.v1.IamTokenService/Create";
    public const string HealthWatch = "/grpc.health.v1.Health/Watch";

    public const byte EndStream = 1;
    public const byte EndHeaders = 4;

    // Frame types.
    public const byte Data = 0;
    public const byte Headers = 1;
    public const byte Reset = 3;
    public const byte Settings = 4;
    public const byte Ping = 6;
    public const byte GoAway = 7;
    public const byte WindowUpdate = 8;

    /// <summary>The header block of a POST, as HPACK: two entries of the static table, then literals that are not indexed.</summary>
    public static byte[] Post(string path, string contentType = "application/grpc", params (string Name, string Value)[] others) =>
    [
        0x83, 0x86, // :method POST, :scheme http
        0x04, .. Text(path),
        0x01, .. Text("localhost"),
        0x0F, 0x10, .. Text(contentType),
        .. others.SelectMany(other => (byte[])[0x00, .. Text(other.Name), .. Text(other.Value)]),
    ];

    /// <summary>A gRPC message with its prefix.</summary>
    public static byte[] Message(params byte[] message) => [.. Prefix(message.Length), .. message];

    /// <summary>What stands before a message of this length.</summary>
    public static byte[] Prefix(int bytes)
    {
        byte[] prefix = new byte[5];
        BinaryPrimitives.WriteInt32BigEndian(prefix.AsSpan(1), bytes);
        return prefix;
    }

    // A length of 7 bits, continued in bytes of 7 bits each.
    private static byte[] Text(string value)
    {
        byte[] text = Encoding.ASCII.GetBytes(value);
        if (text.Length < 127)
            return [(byte)text.Length, .. text];
        var length = new List<byte> { 127 };
        int rest = text.Length - 127;
        for (; rest >= 128; rest >>= 7)
            length.Add((byte)(rest | 0x80));
        return [.. length, (byte)rest, .. text];
    }
}
