using System.Buffers.Binary;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// Goes through a batch's body, which is not trusted. What does not fit is a <see cref="StoreException"/> that names the
/// batch, the place and what is wrong there.
/// </summary>
/// <param name="number">The batch's number.</param>
/// <param name="body">The body, without its checksum.</param>
internal ref struct BodyReader(long number, ReadOnlySpan<byte> body)
{
    private readonly ReadOnlySpan<byte> _body = body;

    /// <summary>Bytes that were read.</summary>
    public int Position { get; private set; }

    /// <summary>The part that is being read, for messages.</summary>
    public string Part { get; set; } = "its head";

    /// <summary>Bytes that are left.</summary>
    public readonly int Left => _body.Length - Position;

    /// <summary>What to throw when the batch is not what it must be, here.</summary>
    public readonly StoreException Damage(string what) => BatchReader.Damage(number, $"{what} (byte {Position}, {Part})");

    /// <summary>Reads so many bytes.</summary>
    public ReadOnlySpan<byte> Take(long length)
    {
        if (length > Left)
            throw Damage($"it ends {length - Left} bytes too early");
        ReadOnlySpan<byte> bytes = _body.Slice(Position, (int)length);
        Position += bytes.Length;
        return bytes;
    }

    /// <summary>Reads a byte.</summary>
    public byte TakeByte() => Take(1)[0];

    /// <summary>Reads an integer of 4 bytes.</summary>
    public uint TakeUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));

    /// <summary>Reads an integer of 8 bytes.</summary>
    public long TakeInt64() => BinaryPrimitives.ReadInt64LittleEndian(Take(sizeof(long)));

    /// <summary>Reads a signed LEB128.</summary>
    public long TakeSigned()
    {
        ulong value = TakeUnsigned();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    /// <summary>Reads a LEB128.</summary>
    public ulong TakeUnsigned()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte next = TakeByte();
            if (shift == 63 && next > 1)
                break;
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }

        throw Damage("a number has more than 64 bits");
    }
}
