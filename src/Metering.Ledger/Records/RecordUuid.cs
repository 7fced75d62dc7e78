namespace Metering.Ledger;

/// <summary>
/// The identity of a usage record. The one accepted form is 8-4-4-4-12 hexadecimal digits, any letter case; the nil
/// and max UUIDs are nobody's. .NET's own parser takes other spellings of the same value, hence this one.
/// </summary>
public static class RecordUuid
{
    private const int Characters = Limits.UuidCharacters;

    /// <summary>Parses UTF-8 text into the 128-bit value, most significant digit first.</summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, out UInt128 uuid)
    {
        uuid = default;
        if (utf8.Length != Characters || utf8[8] != '-' || utf8[13] != '-' || utf8[18] != '-' || utf8[23] != '-')
            return false;

        ulong upper = 0, lower = 0;
        int faults = 0;
        Append(utf8[..8], ref upper, ref faults);
        Append(utf8[9..13], ref upper, ref faults);
        Append(utf8[14..18], ref upper, ref faults);
        Append(utf8[19..23], ref lower, ref faults);
        Append(utf8[24..], ref lower, ref faults);
        uuid = new UInt128(upper, lower);
        return faults >= 0 && uuid != UInt128.Zero && uuid != UInt128.MaxValue;
    }

    /// <summary>The value as lower-case text in the accepted form.</summary>
    public static string Format(UInt128 uuid)
    {
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, uuid);
        return new Guid(bytes, bigEndian: true).ToString("D");
    }

    // faults turns negative with the first character that is no hexadecimal digit and stays so: no branch a digit.
    private static void Append(ReadOnlySpan<byte> digits, ref ulong value, ref int faults)
    {
        foreach (byte digit in digits)
        {
            int nibble = HexadecimalDigits[digit];
            faults |= nibble;
            value = (value << 4) | (uint)(nibble & 15);
        }
    }

    // The value of each character as a hexadecimal digit; -1 for every other character.
    private static readonly sbyte[] HexadecimalDigits = MakeDigits();

    private static sbyte[] MakeDigits()
    {
        var table = new sbyte[256];
        for (int character = 0; character < table.Length; character++)
            table[character] = char.IsAsciiHexDigit((char)character) ? (sbyte)Convert.ToInt32(((char)character).ToString(), 16) : (sbyte)-1;
        return table;
    }
}
