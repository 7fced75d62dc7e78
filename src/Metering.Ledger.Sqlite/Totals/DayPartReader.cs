using System.Buffers.Binary;

namespace Metering.Ledger.Sqlite;

/// <summary>The roll-up of a day is not what was stored. The hours that it was made from are the ledger's; it can be made again.</summary>
internal sealed class DayDamageException(long day, string what)
    : Exception($"The roll-up of the day {DateTimeOffset.UnixEpoch.AddDays(day):yyyy-MM-dd} (UTC) is damaged: {what}.")
{
    /// <summary>The day.</summary>
    public long Day { get; } = day;
}

/// <summary>Reads a part of a day (<see cref="DayPart"/>), series by series. The bytes are not trusted.</summary>
internal ref struct DayPartReader
{
    private readonly long _day;
    private readonly bool _hasHours;
    private PackedReader _sums;
    private PackedReader _hours;
    private int _left;
    private long _owner;

    /// <summary>Checks the checksums and the version.</summary>
    /// <param name="day">The day.</param>
    /// <param name="row">first_owner, series, sums and, to read hours, hours.</param>
    /// <param name="hasHours">Whether hours are read, too.</param>
    public DayPartReader(long day, long firstOwner, long series, ReadOnlySpan<byte> sums, ReadOnlySpan<byte> hours, bool hasHours)
    {
        _day = day;
        _hasHours = hasHours;
        _owner = firstOwner;
        _left = (int)series;
        _sums = new PackedReader(day, sums);
        if (hasHours)
            _hours = new PackedReader(day, hours);
    }

    /// <summary>The series and its sum of the day, in the day's first hour.</summary>
    public HourTotal Sum { get; private set; }

    /// <summary>Which hours have a total, the first one's bit lowest. Each of them is read by <see cref="NextHour"/> before the next series.</summary>
    public uint HourBits { get; private set; }

    /// <summary>Goes to the next series; false after the last.</summary>
    public bool Next()
    {
        if (_left == 0)
        {
            if (!_sums.IsEnd || (_hasHours && !_hours.IsEnd))
                throw new DayDamageException(_day, "it is longer than its series");
            return false;
        }

        _left--;
        _owner += (long)_sums.Number();
        int sku = (int)_sums.Number();
        Int128 quantity = _sums.Amount();
        Sum = new HourTotal((int)_owner, sku, HourRange.OfDay(_day).FromHour, quantity, (long)_sums.Number());
        if (_hasHours)
            HourBits = _hours.HourBits();
        return true;
    }

    /// <summary>The next hour of the series.</summary>
    public (Int128 Quantity, long Records) NextHour()
    {
        Int128 quantity = _hours.Amount();
        return (quantity, (long)_hours.Number());
    }
}

/// <summary>Reads what <see cref="PackedNumbers"/> wrote.</summary>
internal ref struct PackedReader
{
    private readonly long _day;
    private readonly ReadOnlySpan<byte> _bytes;
    private int _at;

    /// <summary>Checks checksum and version.</summary>
    public PackedReader(long day, ReadOnlySpan<byte> bytes)
    {
        _day = day;
        if (bytes.Length <= DayPart.ChecksumBytes)
            throw new DayDamageException(day, $"it has only {bytes.Length} bytes");
        _bytes = bytes[..^DayPart.ChecksumBytes];
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[^DayPart.ChecksumBytes..]) != Crc32C.OfNumbered(day, _bytes))
            throw new DayDamageException(day, "its checksum is another than that of its bytes");
        if (_bytes[_at++] != DayPart.Version)
            throw new DayDamageException(day, $"its encoding has version {_bytes[0]}, which this program does not know");
    }

    /// <summary>Everything was read.</summary>
    public readonly bool IsEnd => _at == _bytes.Length;

    /// <summary>The next integer.</summary>
    public ulong Number()
    {
        if (_at + 1 < _bytes.Length && _bytes[_at] < 0x80)
            return _bytes[_at++];
        ulong value = 0;
        for (int shift = 0; _at < _bytes.Length; shift += 7)
        {
            byte next = _bytes[_at++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }

        throw TooShort();
    }

    /// <summary>The next amount.</summary>
    public Int128 Amount()
    {
        int start = _at;
        ulong low = Number();
        if (_at - start <= 9)
            return low;
        UInt128 value = 0;
        for (int at = _at; at > start; at--)
            value = (value << 7) | (uint)(_bytes[at - 1] & 0x7F);
        return (Int128)value;
    }

    /// <summary>The next bits of hours.</summary>
    public uint HourBits()
    {
        if (_bytes.Length - _at < DayPart.HourBitsBytes)
            throw TooShort();
        uint bits = _bytes[_at] | ((uint)_bytes[_at + 1] << 8) | ((uint)_bytes[_at + 2] << 16);
        _at += DayPart.HourBitsBytes;
        return bits;
    }

    private readonly DayDamageException TooShort() => new(_day, "it is shorter than its series");
}
