namespace Metering.Ledger.Sqlite.Tests;

/// <summary>CRC-32C, however long the bytes and however they are cut, against its definition bit by bit.</summary>
public sealed class ChecksumTests
{
    [Fact]
    public void Every_length_and_every_cut_gives_the_checksum_of_the_definition()
    {
        var bytes = new byte[10_000];
        new Random(1).NextBytes(bytes);
        for (int length = 0; length <= bytes.Length; length += length < 100 ? 1 : 331)
        {
            ReadOnlySpan<byte> part = bytes.AsSpan(0, length);
            uint expected = Definition(part);
            Assert.Equal(expected, Crc32C.Of(part));
            int cut = length / 3;
            Assert.Equal(expected, Crc32C.End(Crc32C.Append(Crc32C.Append(Crc32C.Begin(), part[..cut]), part[cut..])));
        }
    }

    private static uint Definition(ReadOnlySpan<byte> bytes)
    {
        const uint Polynomial = 0x82F6_3B78; // reflected
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) * Polynomial);
        }

        return ~crc;
    }
}
