using System.Text;

namespace Metering.Grpc.Tests;

/// <summary>
/// HPACK (RFC 7541) without a dynamic table and without Huffman codes: what a client that allows no table sends, and what the
/// server under test then sends.
/// </summary>
internal static class RawHeaders
{
    // Appendix A: the names by index. Of the values, only those of :status are ever sent by a server.
    private static readonly string[] StaticNames =
        (":authority :method :method :path :path :scheme :scheme :status :status :status :status :status :status :status "
        + "accept-charset accept-encoding accept-language accept-ranges accept access-control-allow-origin age allow authorization "
        + "cache-control content-disposition content-encoding content-language content-length content-location content-range "
        + "content-type cookie date etag expect expires from host if-match if-modified-since if-none-match if-range "
        + "if-unmodified-since last-modified link location max-forwards proxy-authenticate proxy-authorization range referer "
        + "refresh retry-after server set-cookie strict-transport-security transfer-encoding user-agent vary via "
        + "www-authenticate").Split(' ');

    private static readonly string[] StatusValues = ["200", "204", "206", "304", "400", "404", "500"];

    private const int FirstStatus = 8;

    public static byte[] Encode(IEnumerable<(string Name, string Value)> headers)
    {
        using var block = new MemoryStream();
        foreach ((string name, string value) in headers)
        {
            block.WriteByte(0); // literal without indexing, new name
            WriteText(block, name);
            WriteText(block, value);
        }

        return block.ToArray();
    }

    public static IReadOnlyList<(string Name, string Value)> Decode(ReadOnlySpan<byte> block)
    {
        var headers = new List<(string, string)>();
        while (block.Length > 0)
        {
            byte first = block[0];
            if ((first & 0x80) != 0)
            {
                int index = ReadNumber(ref block, prefixBits: 7);
                headers.Add((":status", StatusValues[index - FirstStatus]));
            }
            else if ((first & 0xE0) == 0x20)
            {
                Assert.Equal(0, ReadNumber(ref block, prefixBits: 5)); // the table's size, which the client set
            }
            else
            {
                int index = ReadNumber(ref block, (first & 0x40) != 0 ? 6 : 4);
                string name = index == 0 ? ReadText(ref block) : StaticNames[index - 1];
                headers.Add((name, ReadText(ref block)));
            }
        }

        return headers;
    }

    private static void WriteText(MemoryStream block, string text)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        int rest = bytes.Length;
        block.WriteByte((byte)Math.Min(rest, 127));
        for (rest -= 127; rest >= 0; rest = rest < 128 ? -1 : rest >> 7)
            block.WriteByte((byte)(rest < 128 ? rest : (rest & 127) | 128));
        block.Write(bytes);
    }

    private static string ReadText(ref ReadOnlySpan<byte> block)
    {
        Assert.Equal(0, block[0] & 0x80); // no Huffman code
        int length = ReadNumber(ref block, prefixBits: 7);
        string text = Encoding.Latin1.GetString(block[..length]);
        block = block[length..];
        return text;
    }

    private static int ReadNumber(ref ReadOnlySpan<byte> block, int prefixBits)
    {
        int mask = (1 << prefixBits) - 1;
        int number = block[0] & mask;
        block = block[1..];
        if (number < mask)
            return number;
        for (int shift = 0; ; shift += 7)
        {
            byte next = block[0];
            block = block[1..];
            number += (next & 127) << shift;
            if (next < 128)
                return number;
        }
    }
}
