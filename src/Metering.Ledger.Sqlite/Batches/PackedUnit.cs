using System.Numerics;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// A step that all numbers of a block may share: clocks tick in powers of ten, software reports whole seconds, minutes or
/// hours, and amounts in powers of two. The places in the list are on disk: a unit may be added at its end, never moved.
/// </summary>
internal readonly struct PackedUnit
{
    private static readonly PackedUnit[] All =
    [
        new(1), new(100), new(1_000), new(1L << 10), new(1_000_000), new(1L << 20), new(1_000_000_000), new(1L << 30),
        new(60_000_000_000), new(3_600_000_000_000),
    ];

    private readonly ulong _inverse; // of the odd part, modulo 2^64
    private readonly ulong _greatestQuotient;
    private readonly int _twos;

    private PackedUnit(ulong size)
    {
        Size = size;
        _twos = BitOperations.TrailingZeroCount(size);
        _greatestQuotient = ulong.MaxValue / size;
        ulong odd = size >> _twos;
        _inverse = odd; // right in 3 bits; each round of Newton's doubles them
        for (int bits = 3; bits < 64; bits *= 2)
            _inverse *= 2 - (odd * _inverse);
    }

    /// <summary>How many units there are.</summary>
    public static int Count => All.Length;

    /// <summary>The unit's size.</summary>
    public ulong Size { get; }

    /// <summary>The size of the unit at a place.</summary>
    public static ulong SizeOf(int place) => All[place].Size;

    /// <summary>Divides all numbers by the largest unit that divides each of them without rest, and says its place.</summary>
    /// <param name="numbers">The numbers; one of them is <paramref name="largest"/>.</param>
    /// <param name="largest">The largest of them, above 0; divided, too.</param>
    public static int DivideAll(Span<ulong> numbers, ref ulong largest)
    {
        for (int place = All.Length - 1; place > 0; place--)
        {
            ref readonly PackedUnit unit = ref All[place];
            if (unit.Size > largest || !unit.Divides(largest) || !unit.DividesAll(numbers))
                continue;
            foreach (ref ulong number in numbers)
                number = unit.Quotient(number);
            largest = unit.Quotient(largest);
            return place;
        }

        return 0;
    }

    // Multiplying by the inverse divides a multiple exactly, and takes anything else beyond the greatest quotient.
    private ulong Quotient(ulong number) => BitOperations.RotateRight(number * _inverse, _twos);

    private bool Divides(ulong number) => Quotient(number) <= _greatestQuotient;

    private bool DividesAll(ReadOnlySpan<ulong> numbers)
    {
        foreach (ulong number in numbers)
        {
            if (!Divides(number))
                return false;
        }

        return true;
    }
}
