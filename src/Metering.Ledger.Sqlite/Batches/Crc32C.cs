using System.Buffers.Binary;
using System.Numerics;

namespace Metering.Ledger.Sqlite;

/// <summary>CRC-32C (Castagnoli), as in iSCSI and ext4; the processor's own instruction where it has one.</summary>
internal static class Crc32C
{
    private const int LaneBytes = 1024;

    private static readonly uint[] Zeros = MakeZeros();

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
        for (; bytes.Length >= 3 * LaneBytes; bytes = bytes[(3 * LaneBytes)..])
            crc = AppendLanes(crc, bytes);
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte value in bytes)
            crc = BitOperations.Crc32C(crc, value);
        return crc;
    }

    /// <summary>The checksum of what was appended.</summary>
    public static uint End(uint crc) => ~crc;

    // The instruction takes three cycles, but one can begin in each: three stretches at once take no longer than one.
    private static uint AppendLanes(uint crc, ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> firstLane = bytes[..LaneBytes];
        ReadOnlySpan<byte> secondLane = bytes.Slice(LaneBytes, LaneBytes);
        ReadOnlySpan<byte> thirdLane = bytes.Slice(2 * LaneBytes, LaneBytes);
        uint second = 0, third = 0;
        for (int at = 0; at < LaneBytes; at += sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(firstLane[at..]));
            second = BitOperations.Crc32C(second, BinaryPrimitives.ReadUInt64LittleEndian(secondLane[at..]));
            third = BitOperations.Crc32C(third, BinaryPrimitives.ReadUInt64LittleEndian(thirdLane[at..]));
        }

        return OverLane(OverLane(crc) ^ second) ^ third;
    }

    // What a lane of zeros makes of a checksum. That is linear: the sum of what it makes of each byte.
    private static uint OverLane(uint crc) =>
        Zeros[(byte)crc] ^ Zeros[256 + (byte)(crc >> 8)] ^ Zeros[512 + (byte)(crc >> 16)] ^ Zeros[768 + (byte)(crc >> 24)];

    private static uint[] MakeZeros()
    {
        var zeros = new uint[4 * 256];
        for (int bit = 0; bit < 32; bit++)
        {
            uint crc = 1u << bit;
            for (int at = 0; at < LaneBytes; at += sizeof(ulong))
                crc = BitOperations.Crc32C(crc, 0ul);
            int part = bit / 8 * 256;
            for (int value = 0; value < 256; value++)
                zeros[part + value] ^= (value >> (bit % 8) & 1) == 0 ? 0 : crc;
        }

        return zeros;
    }
}
