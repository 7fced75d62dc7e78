using System.Buffers.Binary;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// The totals of some series on one day of UTC, packed: the sums of the day by themselves, for who asks for whole days, and
/// the hours beside them. A series is an owner and a SKU; series are in order.
/// </summary>
/// <param name="FirstOwner">Owner of the first series.</param>
/// <param name="LastOwner">Owner of the last series.</param>
/// <param name="Series">Number of series.</param>
/// <param name="Sums">
/// The version (1); of each series the owner's distance to the one before, the SKU, the quantity and the number of
/// records; CRC-32C of the day and all of that. Integers as in <see cref="Leb128"/>, quantities of up to 128 bits.
/// </param>
/// <param name="Hours">
/// The version (1); of each series 24 bits, one for each hour that has a total, the first hour's lowest, and of each of these
/// hours the quantity and the number of records; CRC-32C as above.
/// </param>
internal sealed record DayPart(int FirstOwner, int LastOwner, int Series, byte[] Sums, byte[] Hours)
{
    /// <summary>Version of the encoding.</summary>
    public const byte Version = 1;

    /// <summary>Most series in one part.</summary>
    public const int SeriesMaximum = 4096;

    /// <summary>Bytes of the checksum.</summary>
    public const int ChecksumBytes = 4;

    /// <summary>Bytes that tell which hours of a series have a total.</summary>
    public const int HourBitsBytes = 3;
}

/// <summary>Packs the totals of a day: hour by hour in the order of owner, SKU and hour.</summary>
internal sealed class DayPartWriter(long day)
{
    private readonly PackedNumbers _sums = new();
    private readonly PackedNumbers _hours = new();
    private readonly PackedNumbers _seriesHours = new();
    private HourTotal _sum;
    private uint _hourBits;
    private int _series;
    private int _firstOwner;
    private int _lastOwner;

    /// <summary>Adds the total of an hour of the day.</summary>
    public void Add(in HourTotal total)
    {
        if (_hourBits == 0 || total.OwnerKey != _sum.OwnerKey || total.SkuKey != _sum.SkuKey)
            Begin(total);
        _hourBits |= 1u << (int)(total.Hour - HourRange.OfDay(day).FromHour);
        _sum = _sum with { Quantity = checked(_sum.Quantity + total.Quantity), Records = _sum.Records + total.Records };
        _seriesHours.Put(total.Quantity);
        _seriesHours.Put((ulong)total.Records);
    }

    /// <summary>The part, once everything was added.</summary>
    public DayPart Finish()
    {
        EndSeries();
        return new DayPart(_firstOwner, _sum.OwnerKey, _series, _sums.Finish(day), _hours.Finish(day));
    }

    /// <summary>Packs the totals of some series of a day; null when there are none.</summary>
    /// <param name="database">The ledger.</param>
    /// <param name="day">The day.</param>
    /// <param name="range">Hours of the day.</param>
    /// <param name="after">The series to begin after, if any; then the last one, if there may be more.</param>
    /// <param name="totals">Grows by the number of hourly totals.</param>
    public static DayPart? Make(Database database, long day, HourRange range, ref (int Owner, int Sku)? after, ref long totals)
    {
        using var hours = new HourCursor(database, range, (_, _) => true, null);
        if (after is { } place)
            hours.SkipAfter(place.Owner, place.Sku);
        after = null;
        var part = new DayPartWriter(day);
        (int Owner, int Sku)? series = null;
        int count = 0;
        while (hours.Next(out HourTotal total))
        {
            if (series != (total.OwnerKey, total.SkuKey))
            {
                if (count == DayPart.SeriesMaximum)
                {
                    after = series;
                    break;
                }

                series = (total.OwnerKey, total.SkuKey);
                count++;
            }

            part.Add(total);
            totals++;
        }

        return count == 0 ? null : part.Finish();
    }

    private void Begin(in HourTotal total)
    {
        EndSeries();
        if (_series == 0)
        {
            _sums.PutByte(DayPart.Version);
            _hours.PutByte(DayPart.Version);
            _lastOwner = _firstOwner = total.OwnerKey;
        }

        _sum = total with { Quantity = 0, Records = 0 };
    }

    private void EndSeries()
    {
        if (_hourBits == 0)
            return;
        _sums.Put((ulong)((long)_sum.OwnerKey - _lastOwner));
        _sums.Put((uint)_sum.SkuKey);
        _sums.Put(_sum.Quantity);
        _sums.Put((ulong)_sum.Records);
        Span<byte> bits = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bits, _hourBits);
        _hours.Put(bits[..DayPart.HourBitsBytes]);
        _hours.Put(_seriesHours.Bytes);
        _seriesHours.Clear();
        _lastOwner = _sum.OwnerKey;
        _hourBits = 0;
        _series++;
    }
}
