using System.Text;

namespace Metering.Fuzz.Tests;

/// <summary>Headers as HPACK spells them plainly: no table, no Huffman codes. Names and values may hold any byte (Latin-1).</summary>
internal static class HeaderBlock
{
    private const int LengthPrefix = 127;

    public static byte[] Write(IEnumerable<(string Name, string Value)> headers)
    {
        using var block = new MemoryStream();
        foreach ((string name, string value) in headers)
        {
            block.WriteByte(0);
            WriteText(block, name);
            WriteText(block, value);
        }

        return block.ToArray();
    }

    private static void WriteText(MemoryStream block, string text)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        if (bytes.Length < LengthPrefix)
        {
            block.WriteByte((byte)bytes.Length);
        }
        else
        {
            block.WriteByte(LengthPrefix);
            int rest = bytes.Length - LengthPrefix;
            for (; rest >= 128; rest >>= 7)
                block.WriteByte((byte)(rest | 128));
            block.WriteByte((byte)rest);
        }

        block.Write(bytes);
    }
}
