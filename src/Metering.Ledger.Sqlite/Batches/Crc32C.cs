using System.Buffers.Binary;
using System.Numerics;

namespace Metering.Ledger.Sqlite;

/// <summary>CRC-32C (Castagnoli), as in iSCSI and ext4; the processor's own instruction where it has one.</summary>
internal static class Crc32C
{
    /// <summary>The checksum of a batch: of its number, then of its bytes, so that a body in the wrong row is found too.</summary>
    public static uint OfBatch(long number, ReadOnlySpan<byte> body) =>
        ~Append(BitOperations.Crc32C(uint.MaxValue, (ulong)number), body);

    /// <summary>The checksum of some bytes.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes) => ~Append(uint.MaxValue, bytes);

    private static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte value in bytes)
            crc = BitOperations.Crc32C(crc, value);
        return crc;
    }
}
