using System.Text;

namespace Metering.Attacks;

/// <summary>Header sections in HPACK (RFC 7541), every field a literal with its name spelled out.</summary>
internal static class HeaderBlock
{
    /// <summary>The headers of a gRPC call, with a token when there is one.</summary>
    public static byte[] OfCall(string path, string? token, params (string Name, string Value)[] more) =>
    [
        0x83, 0x86, // :method POST, :scheme http
        .. Fields([(":path", path), (":authority", "localhost"), ("content-type", "application/grpc"), ("te", "trailers")]),
        .. token is null ? [] : Field("authorization", "Bearer " + token),
        .. Fields(more),
    ];

    /// <summary>A field; <paramref name="isRemembered"/> makes the server put it into its dynamic table.</summary>
    public static byte[] Field(string name, string value, bool isRemembered = false) =>
        [isRemembered ? (byte)0x40 : (byte)0x00, .. Text(name), .. Text(value)];

    private static byte[] Fields(IEnumerable<(string Name, string Value)> fields) => [.. fields.SelectMany(field => Field(field.Name, field.Value))];

    private static byte[] Text(string text)
    {
        var bytes = new List<byte>(text.Length + 3);
        int length = text.Length;
        if (length < 0x7F)
        {
            bytes.Add((byte)length);
        }
        else
        {
            bytes.Add(0x7F);
            for (length -= 0x7F; length >= 0x80; length >>= 7)
                bytes.Add((byte)(length | 0x80));
            bytes.Add((byte)length);
        }

        bytes.AddRange(Encoding.ASCII.GetBytes(text));
        return [.. bytes];
    }
}
