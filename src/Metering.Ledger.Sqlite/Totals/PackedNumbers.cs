using System.Buffers.Binary;

namespace Metering.Ledger.Sqlite;

/// <summary>A growing piece of bytes with integers in as few of them as they need.</summary>
internal sealed class PackedNumbers
{
    private const int LongestBytes = 19; // 128 bits, seven a byte

    private byte[] _bytes = new byte[4096];
    private int _length;

    /// <summary>What was put.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    /// <summary>Forgets everything.</summary>
    public void Clear() => _length = 0;

    /// <summary>Adds a byte.</summary>
    public void PutByte(byte value) => Put([value]);

    /// <summary>Adds bytes as they are.</summary>
    public void Put(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        _length += bytes.Length;
    }

    /// <summary>Adds an integer.</summary>
    public void Put(ulong value) => _length += Leb128.Put(Room(LongestBytes), value);

    /// <summary>Adds an amount of up to 128 bits.</summary>
    public void Put(Int128 value)
    {
        Span<byte> room = Room(LongestBytes);
        UInt128 rest = (UInt128)value;
        for (; rest > ulong.MaxValue; rest >>= 7)
        {
            room[0] = (byte)((byte)rest | 0x80);
            room = room[1..];
            _length++;
        }

        _length += Leb128.Put(room, (ulong)rest);
    }

    /// <summary>What was put, with its checksum, which is tied to a number.</summary>
    public byte[] Finish(long number)
    {
        byte[] finished = new byte[_length + sizeof(uint)];
        Bytes.CopyTo(finished);
        BinaryPrimitives.WriteUInt32LittleEndian(finished.AsSpan(_length), Crc32C.OfNumbered(number, Bytes));
        return finished;
    }

    private Span<byte> Room(int bytes)
    {
        if (_bytes.Length - _length < bytes)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + bytes));
        return _bytes.AsSpan(_length);
    }
}
