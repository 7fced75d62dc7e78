namespace Metering.Load;

/// <summary>A header field; its bytes are borrowed from the decoder or the block and valid until the next read.</summary>
internal readonly ref struct HeaderField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
{
    public ReadOnlySpan<byte> Name { get; } = name;

    public ReadOnlySpan<byte> Value { get; } = value;
}

/// <summary>
/// Decodes header blocks (RFC 7541). Every block of a connection must pass through its one decoder, in order, or the
/// dynamic table falls out of step. Allocates nothing once its buffers are large enough.
/// </summary>
/// <param name="tableLimitBytes">Header table size that this side announced in SETTINGS.</param>
internal sealed class HpackDecoder(int tableLimitBytes = HpackDecoder.DefaultTableBytes)
{
    /// <summary>Header table size when SETTINGS say nothing.</summary>
    public const int DefaultTableBytes = 4096;

    private readonly HpackDynamicTable _table = new(tableLimitBytes);
    private byte[] _nameBuffer = new byte[256];
    private byte[] _valueBuffer = new byte[1024];

    /// <summary>Takes the next field off <paramref name="block"/>; false at its end.</summary>
    /// <exception cref="Http2Exception">The block is malformed.</exception>
    public bool TryReadField(ref ReadOnlySpan<byte> block, out HeaderField field)
    {
        while (!block.IsEmpty)
        {
            byte first = block[0];
            if ((first & 0x80) != 0)
            {
                field = GetIndexed(ReadInteger(ref block, 7));
                return true;
            }

            if ((first & 0x40) != 0)
            {
                field = ReadLiteral(ref block, 6);
                _table.Insert(field);
                return true;
            }

            if ((first & 0x20) == 0)
            {
                field = ReadLiteral(ref block, 4);
                return true;
            }

            _table.Resize(ReadInteger(ref block, 5));
        }

        field = default;
        return false;
    }

    private HeaderField GetIndexed(int index)
    {
        if (index is > 0 and <= HpackStaticTable.Entries)
            return HpackStaticTable.Get(index);
        int dynamicIndex = index - HpackStaticTable.Entries;
        if (index == 0 || dynamicIndex > _table.Count)
            throw new Http2Exception($"The server referred to header table entry {index}, which does not exist.");
        return _table.Get(dynamicIndex);
    }

    private HeaderField ReadLiteral(ref ReadOnlySpan<byte> block, int prefixBits)
    {
        int nameIndex = ReadInteger(ref block, prefixBits);
        ReadOnlySpan<byte> name = nameIndex == 0 ? ReadText(ref block, ref _nameBuffer) : GetIndexed(nameIndex).Name;
        return new HeaderField(name, ReadText(ref block, ref _valueBuffer));
    }

    private static ReadOnlySpan<byte> ReadText(ref ReadOnlySpan<byte> block, ref byte[] buffer)
    {
        bool isHuffmanCoded = !block.IsEmpty && (block[0] & 0x80) != 0;
        int length = ReadInteger(ref block, 7);
        if (length > block.Length)
            throw Truncated();
        ReadOnlySpan<byte> text = block[..length];
        block = block[length..];
        if (!isHuffmanCoded)
            return text;

        if (buffer.Length < HpackHuffman.MaximumDecodedBytes(length))
            buffer = new byte[HpackHuffman.MaximumDecodedBytes(length)];
        return buffer.AsSpan(0, HpackHuffman.Decode(text, buffer));
    }

    private static int ReadInteger(ref ReadOnlySpan<byte> block, int prefixBits)
    {
        if (block.IsEmpty)
            throw Truncated();
        int prefix = (1 << prefixBits) - 1;
        long value = block[0] & prefix;
        int used = 1;
        if (value == prefix)
        {
            for (int shift = 0; ; shift += 7)
            {
                if (used == block.Length)
                    throw Truncated();
                byte next = block[used++];
                value += (long)(next & 0x7F) << shift;
                if (shift > 28 || value > int.MaxValue)
                    throw new Http2Exception("The server sent a header with an integer beyond 32 bits.");
                if ((next & 0x80) == 0)
                    break;
            }
        }

        block = block[used..];
        return (int)value;
    }

    private static Http2Exception Truncated() => new("The server sent a header block that ends in the middle of a field.");
}
