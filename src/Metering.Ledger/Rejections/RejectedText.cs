using System.Text;

namespace Metering.Ledger;

/// <summary>Texts of rejected records: whatever was sent, cut off where it is too long to be kept.</summary>
public static class RejectedText
{
    /// <summary>Whether the text is too long to be kept whole.</summary>
    public static bool IsCut(ReadOnlySpan<byte> utf8) => utf8.Length > Limits.RejectedTextBytes;

    /// <summary>As much of the text as is kept: no character in halves.</summary>
    public static ReadOnlySpan<byte> Cut(ReadOnlySpan<byte> utf8)
    {
        if (!IsCut(utf8))
            return utf8;
        int length = Limits.RejectedTextBytes;
        while (length > 0 && (utf8[length] & 0xC0) == 0x80)
            length--;
        return utf8[..length];
    }

    /// <summary>The text of its bytes.</summary>
    public static string Read(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);

    /// <summary>
    /// What a uuid's spelling is looked up by: two spellings of one UUID are one, any other text is itself.
    /// </summary>
    public static string KeyOf(string uuid)
    {
        Span<byte> utf8 = stackalloc byte[Limits.RejectedTextBytes];
        return uuid.Length == Limits.UuidCharacters
            && Encoding.UTF8.TryGetBytes(uuid, utf8, out int length) && RecordUuid.TryParse(utf8[..length], out UInt128 value)
            ? RecordUuid.Format(value)
            : uuid;
    }
}
