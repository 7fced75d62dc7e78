using System.Text;

namespace Metering.Load;

/// <summary>
/// The header block that every request of a connection carries: spelled out and indexed the first time, a byte a field
/// from then on. With a server that keeps no table (or too small a one) it is spelled out every time.
/// </summary>
internal sealed class RequestHeaderBlocks
{
    private const int FirstDynamicIndex = HpackStaticTable.Entries + 1;

    /// <param name="path">Path of the method, <c>/package.Service/Method</c>.</param>
    /// <param name="authority">Host and port.</param>
    /// <param name="token">IAM token, without a scheme.</param>
    /// <param name="tableBytes">Header table size of the server, from its SETTINGS.</param>
    /// <param name="metadata">Further headers.</param>
    public RequestHeaderBlocks(
        string path, string authority, string token, int tableBytes, params IEnumerable<(string Name, string Value)> metadata)
    {
        Field[] fields =
        [
            new(4, ":path", path),
            new(1, ":authority", authority),
            new(31, "content-type", "application/grpc"),
            new(0, "te", "trailers"),
            new(58, "user-agent", "metering-load"),
            new(23, "authorization", $"Bearer {token}"),
            .. metadata.Select(header => new Field(0, header.Name, header.Value)),
        ];

        var first = new MemoryStream();
        var repeated = new MemoryStream();
        bool mayIndex = tableBytes >= HpackDecoder.DefaultTableBytes;
        if (!mayIndex)
            WriteInteger(first, 0x20, 5, 0);
        foreach (MemoryStream block in new[] { first, repeated })
            block.Write([0x83, 0x86]); // :method POST, :scheme http

        var indexed = new List<Field>();
        int spentBytes = 0;
        foreach (Field field in fields)
        {
            if (mayIndex && spentBytes + field.TableBytes <= HpackDecoder.DefaultTableBytes)
            {
                WriteLiteral(first, 0x40, 6, field);
                indexed.Add(field);
                spentBytes += field.TableBytes;
            }
            else
            {
                WriteLiteral(first, 0x10, 4, field);
                WriteLiteral(repeated, 0x10, 4, field);
            }
        }

        for (int number = 0; number < indexed.Count; number++)
            WriteInteger(repeated, 0x80, 7, FirstDynamicIndex + indexed.Count - 1 - number);
        First = first.ToArray();
        Repeated = repeated.ToArray();
    }

    /// <summary>Block of the first request of a connection.</summary>
    public byte[] First { get; }

    /// <summary>Block of every later request.</summary>
    public byte[] Repeated { get; }

    private static void WriteLiteral(MemoryStream block, byte kind, int prefixBits, Field field)
    {
        WriteInteger(block, kind, prefixBits, field.NameIndex);
        if (field.NameIndex == 0)
            WriteText(block, field.Name);
        WriteText(block, field.Value);
    }

    private static void WriteText(MemoryStream block, string text)
    {
        WriteInteger(block, 0, 7, text.Length);
        block.Write(Encoding.ASCII.GetBytes(text));
    }

    private static void WriteInteger(MemoryStream block, byte kind, int prefixBits, int value)
    {
        int prefix = (1 << prefixBits) - 1;
        if (value < prefix)
        {
            block.WriteByte((byte)(kind | value));
            return;
        }

        block.WriteByte((byte)(kind | prefix));
        for (value -= prefix; value >= 0x80; value >>= 7)
            block.WriteByte((byte)(value | 0x80));
        block.WriteByte((byte)value);
    }

    private readonly record struct Field(int NameIndex, string Name, string Value)
    {
        public int TableBytes => Name.Length + Value.Length + HpackDynamicTable.EntryOverheadBytes;
    }
}
