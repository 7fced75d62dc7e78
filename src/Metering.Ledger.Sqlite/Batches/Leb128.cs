namespace Metering.Ledger.Sqlite;

/// <summary>Integers in as many bytes as they need: seven bits a byte, the lowest first; signed ones zigzag.</summary>
internal static class Leb128
{
    /// <summary>Most bytes that an integer takes.</summary>
    public const int Longest = 10;

    /// <summary>Writes an integer that is not signed, and says how many bytes it took.</summary>
    public static int Put(Span<byte> target, ulong value)
    {
        int length = 0;
        while (value >= 0x80)
        {
            target[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        target[length++] = (byte)value;
        return length;
    }

    /// <summary>Writes a signed integer, and says how many bytes it took.</summary>
    public static int PutSigned(Span<byte> target, long value) => Put(target, (ulong)((value << 1) ^ (value >> 63)));
}
