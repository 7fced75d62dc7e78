using System.Buffers.Binary;

namespace Metering.Grpc.Cost;

/// <summary>The bytes of a gRPC message: a flag, the length, and zeros.</summary>
internal static class PayloadFrame
{
    public const int PrefixBytes = 5;

    public static byte[] Make(int messageBytes)
    {
        var frame = new byte[PrefixBytes + messageBytes];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), messageBytes);
        return frame;
    }
}
