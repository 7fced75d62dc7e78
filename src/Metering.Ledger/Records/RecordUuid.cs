using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

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

        // The sixteen digits of each half, without the hyphens between them.
        ref byte text = ref MemoryMarshal.GetReference(utf8);
        Vector128<byte> upperDigits = Vector128.ConditionalSelect(
            Vector128.Create(ulong.MaxValue, 0).AsByte(),
            Vector128.LoadUnsafe(ref text),
            Vector128.Shuffle(Vector128.LoadUnsafe(ref text, 2), Vector128.Create((byte)0, 0, 0, 0, 0, 0, 0, 0, 7, 8, 9, 10, 12, 13, 14, 15)));
        Vector128<byte> lowerDigits = Vector128.ConditionalSelect(
            Vector128.Create(uint.MaxValue, 0, 0, 0).AsByte(), Vector128.LoadUnsafe(ref text, 19), Vector128.LoadUnsafe(ref text, 20));
        if (!TryRead(upperDigits, out ulong upper) | !TryRead(lowerDigits, out ulong lower))
            return false;
        uuid = new UInt128(upper, lower);
        return uuid != UInt128.Zero && uuid != UInt128.MaxValue;
    }

    /// <summary>The value as lower-case text in the accepted form.</summary>
    public static string Format(UInt128 uuid) => ToGuid(uuid).ToString("D");

    /// <summary>The value as the framework's type, digit by digit the same.</summary>
    public static Guid ToGuid(UInt128 uuid)
    {
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, uuid);
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>The value of the framework's type.</summary>
    public static UInt128 FromGuid(Guid uuid)
    {
        Span<byte> bytes = stackalloc byte[16];
        uuid.TryWriteBytes(bytes, bigEndian: true, out _);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    // Sixteen hexadecimal digits at once, most significant first.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryRead(Vector128<byte> characters, out ulong value)
    {
        Vector128<byte> decimals = characters - Vector128.Create((byte)'0');
        Vector128<byte> letters = (characters | Vector128.Create((byte)0x20)) - Vector128.Create((byte)'a');
        Vector128<byte> isDecimal = Vector128.LessThan(decimals, Vector128.Create((byte)10));
        Vector128<byte> isLetter = Vector128.LessThan(letters, Vector128.Create((byte)6));
        Vector128<byte> nibbles = Vector128.ConditionalSelect(isDecimal, decimals, letters + Vector128.Create((byte)10));

        // Two digits stand in each 16-bit lane, the first in its lower byte.
        Vector128<ushort> pairs = nibbles.AsUInt16();
        Vector128<ushort> octets = ((pairs << 4) | (pairs >> 8)) & Vector128.Create((ushort)0xFF);
        value = BinaryPrimitives.ReverseEndianness(Vector128.Narrow(octets, octets).AsUInt64().ToScalar());
        return (isDecimal | isLetter) == Vector128<byte>.AllBitsSet;
    }
}
