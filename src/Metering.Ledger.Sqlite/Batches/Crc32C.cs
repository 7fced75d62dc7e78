using System.Buffers.Binary;
using System.Numerics;

namespace Metering.Ledger.Sqlite;

/// <summary>CRC-32C (Castagnoli), as in iSCSI and ext4; the processor's own instruction where it has one.</summary>
internal static class Crc32C
{
    /// <summary>The checksum of a batch: of its number, then of its bytes, so that a body in the wrong row is found too.</summary>
    public static uint OfBatch(long number, ReadOnlySpan<byte> body) => OfNumbered(number, body);

    /// <summary>The checksum of a number, then of some bytes, which are so tied to their place.</summary>
    public static uint OfNumbered(long number, ReadOnlySpan<byte> bytes) =>
        End(Append(BitOperations.Crc32C(Begin(), (ulong)number), bytes));

    /// <summary>The checksum of some bytes.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes) => End(Append(Begin(), bytes));

    /// <summary>What a checksum in parts begins with.</summary>
    public static uint Begin() => uint.MaxValue;

    /// <summary>Goes on with more bytes.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte value in bytes)
            crc = BitOperations.Crc32C(crc, value);
        return crc;
    }

    /// <summary>The checksum of what was appended.</summary>
    public static uint End(uint crc) => ~crc;
}
