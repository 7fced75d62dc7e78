using System.Buffers.Binary;

namespace Metering.Ledger.Sqlite;

/// <summary>Bytes that are appended to, in a buffer that is kept for the next time.</summary>
internal sealed class GrowingBytes(int capacity)
{
    private byte[] _bytes = new byte[capacity];

    /// <summary>Bytes appended.</summary>
    public int Length { get; private set; }

    /// <summary>What was appended; good until the next change.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    /// <summary>Forgets everything.</summary>
    public void Clear() => Length = 0;

    /// <summary>Appends a byte.</summary>
    public void Put(byte value) => Reserve(1)[0] = value;

    /// <summary>Appends bytes.</summary>
    public void Put(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Reserve(bytes.Length));

    /// <summary>Appends an integer of 4 bytes, little-endian.</summary>
    public void PutUInt32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Reserve(sizeof(uint)), value);

    /// <summary>Appends an integer of 16 bytes, big-endian, as uuids are kept.</summary>
    public void PutUInt128(UInt128 value) => BinaryPrimitives.WriteUInt128BigEndian(Reserve(16), value);

    /// <summary>Appends a LEB128.</summary>
    public void PutUnsigned(ulong value)
    {
        Span<byte> digits = stackalloc byte[Leb128.Longest];
        Put(digits[..Leb128.Put(digits, value)]);
    }

    /// <summary>Appends a signed LEB128.</summary>
    public void PutSigned(long value)
    {
        Span<byte> digits = stackalloc byte[Leb128.Longest];
        Put(digits[..Leb128.PutSigned(digits, value)]);
    }

    private Span<byte> Reserve(int bytes)
    {
        if (Length + bytes > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(Length + bytes, _bytes.Length * 2));
        Length += bytes;
        return _bytes.AsSpan(Length - bytes, bytes);
    }
}
