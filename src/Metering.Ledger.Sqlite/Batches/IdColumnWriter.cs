using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Metering.Ledger.Sqlite;

/// <summary>A column of ids of 16 bytes: bytes that are the same in all of them are kept once.</summary>
internal sealed class IdColumnWriter
{
    // A Guid's first fields lie in memory in this processor's order.
    private static readonly Vector128<byte> BigEndian = BitConverter.IsLittleEndian
        ? Vector128.Create((byte)3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15)
        : Vector128<byte>.Indices;

    private Vector128<byte>[] _ids = new Vector128<byte>[64];
    private Vector128<byte> _differing; // the bits in which any id differs from the first
    private int _count;

    /// <summary>Bytes that the column can take at most, with what <see cref="Write"/> may touch beyond it.</summary>
    public int BytesAtMost => sizeof(ushort) + ((_count + 2) * BatchBody.UuidBytes);

    /// <summary>Forgets every id.</summary>
    public void Clear()
    {
        _count = 0;
        _differing = default;
    }

    /// <summary>Adds an id.</summary>
    public void Add(Guid id)
    {
        if (_count == _ids.Length)
            Array.Resize(ref _ids, _count * 2);
        Vector128<byte> bytes = Vector128.Shuffle(Unsafe.BitCast<Guid, Vector128<byte>>(id), BigEndian);
        _ids[_count++] = bytes;
        _differing |= bytes ^ _ids[0];
    }

    /// <summary>Writes the column, and says how many bytes it took.</summary>
    public int Write(Span<byte> target)
    {
        uint equal = Vector128.Equals(_differing, Vector128<byte>.Zero).ExtractMostSignificantBits();
        uint differing = ~equal & ushort.MaxValue;
        BinaryPrimitives.WriteUInt16LittleEndian(target, (ushort)differing);
        Vector128.Shuffle(_ids[0], PlacesOf(equal)).CopyTo(target[sizeof(ushort)..]);
        int length = sizeof(ushort) + BitOperations.PopCount(equal);
        Vector128<byte> places = PlacesOf(differing);
        int bytes = BitOperations.PopCount(differing);
        foreach (Vector128<byte> id in _ids.AsSpan(0, _count))
        {
            Vector128.Shuffle(id, places).CopyTo(target[length..]);
            length += bytes;
        }

        return length;
    }

    // The numbers of the mask's bits, in order.
    private static Vector128<byte> PlacesOf(uint mask)
    {
        Span<byte> places = stackalloc byte[Vector128<byte>.Count];
        places.Clear();
        for (int next = 0; mask != 0; mask &= mask - 1)
            places[next++] = (byte)BitOperations.TrailingZeroCount(mask);
        return Vector128.Create<byte>(places);
    }
}
