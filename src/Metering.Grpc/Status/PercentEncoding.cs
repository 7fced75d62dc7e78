using System.Buffers;
using System.Text;

namespace Metering.Grpc;

/// <summary>The spelling of <c>grpc-message</c>: UTF-8, printable ASCII as it is, every other byte and '%' as %XX.</summary>
internal static class PercentEncoding
{
    private const string CutMark = "...";

    private static readonly SearchValues<char> Plain =
        SearchValues.Create(Enumerable.Range(' ', '~' - ' ' + 1).Select(code => (char)code).Where(character => character != '%').ToArray());

    /// <summary>At most <paramref name="maximumCharacters"/> long; a longer text is cut between two characters and marked.</summary>
    public static string Encode(string text, int maximumCharacters)
    {
        if (text.Length <= maximumCharacters && !text.AsSpan().ContainsAnyExcept(Plain))
            return text;
        var encoded = new StringBuilder(Math.Min(text.Length + 16, maximumCharacters));
        int cut = 0;
        Span<byte> units = stackalloc byte[4];
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (encoded.Length <= maximumCharacters - CutMark.Length)
                cut = encoded.Length;
            foreach (byte unit in units[..rune.EncodeToUtf8(units)])
            {
                if (Plain.Contains((char)unit))
                    encoded.Append((char)unit);
                else
                    encoded.Append('%').Append(unit.ToString("X2"));
            }

            if (encoded.Length > maximumCharacters)
            {
                encoded.Length = cut;
                return encoded.Append(CutMark).ToString();
            }
        }

        return encoded.ToString();
    }
}
