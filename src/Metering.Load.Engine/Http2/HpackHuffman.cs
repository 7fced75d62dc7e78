namespace Metering.Load;

/// <summary>
/// The Huffman code of HPACK. It is canonical (codes of one length are consecutive, in order of their symbols), so the
/// lengths of RFC 7541, appendix B, are the whole table.
/// </summary>
internal static class HpackHuffman
{
    private const int LongestCodeBits = 30;
    private const int EndOfString = 256;

    private static readonly int[] FirstCode = new int[LongestCodeBits + 1];
    private static readonly int[] CodeCount = new int[LongestCodeBits + 1];
    private static readonly int[] FirstSymbol = new int[LongestCodeBits + 1];
    private static readonly short[] SymbolsByCode = new short[EndOfString + 1];

    static HpackHuffman()
    {
        foreach (byte bits in CodeBits)
            CodeCount[bits]++;

        int code = 0, symbols = 0;
        for (int bits = 1; bits <= LongestCodeBits; bits++)
        {
            code <<= 1;
            FirstCode[bits] = code;
            FirstSymbol[bits] = symbols;
            for (int symbol = 0; symbol < CodeBits.Length; symbol++)
            {
                if (CodeBits[symbol] == bits)
                    SymbolsByCode[symbols++] = (short)symbol;
            }

            code += CodeCount[bits];
        }
    }

    /// <summary>Length of each symbol's code, in bits; the last one is the end-of-string symbol.</summary>
    private static ReadOnlySpan<byte> CodeBits =>
    [
        13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
        6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
        13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
        15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
        20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
        22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
        26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
        20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
        30,
    ];

    /// <summary>Most bytes that <paramref name="encodedBytes"/> bytes can decode to: the shortest code has five bits.</summary>
    public static int MaximumDecodedBytes(int encodedBytes) => encodedBytes * 8 / 5;

    /// <summary>Decodes into <paramref name="target"/> and returns the number of bytes.</summary>
    /// <exception cref="Http2Exception">The text holds the end-of-string symbol or ends in something else than ones.</exception>
    public static int Decode(ReadOnlySpan<byte> encoded, Span<byte> target)
    {
        int length = 0, code = 0, bits = 0;
        foreach (byte octet in encoded)
        {
            for (int shift = 7; shift >= 0; shift--)
            {
                code = (code << 1) | ((octet >> shift) & 1);
                bits++;
                int index = code - FirstCode[bits];
                if (index >= CodeCount[bits])
                    continue;

                int symbol = SymbolsByCode[FirstSymbol[bits] + index];
                if (symbol == EndOfString)
                    throw new Http2Exception("The server sent a Huffman-coded header with an end-of-string symbol in it.");
                target[length++] = (byte)symbol;
                code = 0;
                bits = 0;
            }
        }

        // What is left over is the start of the end-of-string symbol: fewer than eight ones.
        if (bits >= 8 || code != (1 << bits) - 1)
            throw new Http2Exception("The server sent a Huffman-coded header with wrong padding.");
        return length;
    }
}
