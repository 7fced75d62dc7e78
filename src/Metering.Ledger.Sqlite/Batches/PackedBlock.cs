using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// Some numbers, each kept as how many units it lies above their minimum, in as many bits as the largest of them needs.
/// Layout: <see cref="BatchBody"/>. Any of them can be read by itself.
/// </summary>
internal readonly ref struct PackedBlock
{
    /// <summary>Values of a column's block: few enough that one that stands out costs little.</summary>
    public const int Values = 128;

    private const int WidthMaximum = 64;

    private readonly ReadOnlySpan<byte> _bits;
    private readonly long _minimum;
    private readonly ulong _unit;
    private readonly int _width;

    /// <summary>Reads the block that comes next, and checks all of it but the values' meaning.</summary>
    public PackedBlock(scoped ref BodyReader body, int count)
    {
        _width = body.TakeByte();
        if (_width > WidthMaximum)
            throw body.Damage($"a width is {_width} bits");
        int unit = _width == 0 ? 0 : body.TakeByte();
        if (unit >= PackedUnit.Count)
            throw body.Damage($"a unit has number {unit}");
        _unit = PackedUnit.SizeOf(unit);
        _minimum = body.TakeSigned();
        Count = count;
        long bits = (long)count * _width;
        _bits = body.Take((bits + 7) / 8);
        if ((bits & 7) != 0 && _bits[^1] >> (int)(bits & 7) != 0)
            throw body.Damage("there is something beyond the last value");
    }

    /// <summary>Values in the block.</summary>
    public int Count { get; }

    /// <summary>One of the values.</summary>
    public long this[int place]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _width == 0 ? _minimum : _minimum + (long)(BitsAt((long)place * _width) * _unit);
    }

    /// <summary>Most bytes that so many values can take, with what <see cref="Write"/> may touch beyond them.</summary>
    public static int BytesAtMost(int count) => 2 + 10 + ((count + 1) * sizeof(ulong));

    /// <summary>Writes values, at least one, and says how many bytes they took. The values are worked on and lost.</summary>
    public static int Write(Span<long> values, Span<byte> target)
    {
        (long minimum, long maximum) = BoundsOf(values);
        ulong range = (ulong)maximum - (ulong)minimum; // right for any two: a difference always fits
        if (range == 0)
        {
            target[0] = 0;
            return 1 + Leb128.PutSigned(target[1..], minimum);
        }

        Span<ulong> above = MemoryMarshal.Cast<long, ulong>(values);
        Subtract(above, (ulong)minimum);
        target[1] = (byte)PackedUnit.DivideAll(above, ref range);
        int width = WidthMaximum - BitOperations.LeadingZeroCount(range);
        target[0] = (byte)width;
        int length = 2 + Leb128.PutSigned(target[2..], minimum);
        return length + Pack(above, width, target[length..]);
    }

    private static (long Minimum, long Maximum) BoundsOf(ReadOnlySpan<long> values)
    {
        long minimum = values[0], maximum = values[0];
        if (values.Length >= Vector<long>.Count)
        {
            ReadOnlySpan<Vector<long>> vectors = MemoryMarshal.Cast<long, Vector<long>>(values);
            Vector<long> least = vectors[0], greatest = vectors[0];
            foreach (ref readonly Vector<long> vector in vectors)
            {
                least = Vector.Min(least, vector);
                greatest = Vector.Max(greatest, vector);
            }

            for (int lane = 0; lane < Vector<long>.Count; lane++)
            {
                minimum = Math.Min(minimum, least[lane]);
                maximum = Math.Max(maximum, greatest[lane]);
            }

            values = values[(vectors.Length * Vector<long>.Count)..];
        }

        foreach (long value in values)
        {
            minimum = Math.Min(minimum, value);
            maximum = Math.Max(maximum, value);
        }

        return (minimum, maximum);
    }

    private static void Subtract(Span<ulong> values, ulong minimum)
    {
        Span<Vector<ulong>> vectors = MemoryMarshal.Cast<ulong, Vector<ulong>>(values);
        foreach (ref Vector<ulong> vector in vectors)
            vector -= new Vector<ulong>(minimum);
        foreach (ref ulong value in values[(vectors.Length * Vector<ulong>.Count)..])
            value -= minimum;
    }

    private static int Pack(Span<ulong> values, int width, Span<byte> target)
    {
        // Two neighbours that fit into one are one of twice the width: that takes no order, unlike what follows.
        while (width * 2 <= WidthMaximum && values.Length % 2 == 0)
        {
            Span<ulong> pairs = values[..(values.Length / 2)];
            for (int pair = 0; pair < pairs.Length; pair++)
                pairs[pair] = values[pair * 2] | (values[(pair * 2) + 1] << width);
            values = pairs;
            width *= 2;
        }

        ulong waiting = 0;
        int bits = 0;
        int length = 0;
        foreach (ulong value in values)
        {
            waiting |= value << bits;
            bits += width;
            if (bits < 64)
                continue;
            BinaryPrimitives.WriteUInt64LittleEndian(target[length..], waiting);
            length += sizeof(ulong);
            bits -= 64;
            waiting = bits == 0 ? 0 : value >> (width - bits);
        }

        BinaryPrimitives.WriteUInt64LittleEndian(target[length..], waiting);
        return length + ((bits + 7) / 8);
    }

    private ulong BitsAt(long bit)
    {
        int first = (int)(bit >> 3);
        int shift = (int)(bit & 7);
        ReadOnlySpan<byte> bytes = _bits[first..];
        ulong value;
        if (bytes.Length >= sizeof(ulong))
        {
            value = BinaryPrimitives.ReadUInt64LittleEndian(bytes) >> shift;
            if (shift + _width > 64)
                value |= (ulong)bytes[sizeof(ulong)] << (64 - shift);
        }
        else
        {
            value = 0;
            for (int place = bytes.Length - 1; place >= 0; place--)
                value = (value << 8) | bytes[place];
            value >>= shift;
        }

        return value & (ulong.MaxValue >> (64 - _width));
    }
}
