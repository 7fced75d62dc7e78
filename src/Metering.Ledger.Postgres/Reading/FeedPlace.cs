using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Metering.Ledger.Postgres;

/// <summary>
/// A place in the order of commits: of each writer, how many of its groups come before; of one group, perhaps, how many records.
/// Writers that have ended and were read to their end are only counted, so that a cursor has a few bytes for each connection
/// that may still write, and not for those of the past.
/// <code>
/// cursor = version(1 byte: 129) ledger(its number's first 8 bytes) part [writer] whole item* checksum(first 4 bytes of a SHA-256)
/// part   = records of the group after the last whole one that come before, 0 for none; then the writer of that group
/// whole  = number of the first writer that is not wholly read
/// item   = of the writers from there on, one after the other: 2 × groups read, or 1 + 2 × (wholly read writers in a row - 1)
/// </code>
/// Numbers are of 7 bits a byte, lowest first. Cursors are kept by others for years: a version that was released stays readable.
/// </summary>
internal sealed class FeedPlace
{
    /// <summary>Groups read of a writer that has ended and is wholly read.</summary>
    public const long Wholly = long.MaxValue;

    private const byte Version = 129; // the embedded store's are below 128
    private const int LedgerBytes = 8;
    private const int ChecksumBytes = 4;

    private readonly SortedDictionary<long, long> _read = []; // of the writers from _whole on, those of which anything is read
    private long _whole;

    /// <summary>Writer of the group that is read in part; of no meaning when there is none.</summary>
    public long PartWriter { get; private set; }

    /// <summary>Records of it that come before; 0 when there is none.</summary>
    public int PartRecords { get; private set; }

    /// <summary>Every writer below it is wholly read.</summary>
    public long FirstWriter => _whole;

    /// <summary>Groups of a writer that come before; <see cref="Wholly"/> when it has ended and there are no others.</summary>
    public long ReadOf(long writer) => writer < _whole ? Wholly : _read.GetValueOrDefault(writer);

    /// <summary>Reads a cursor.</summary>
    /// <exception cref="UnknownCursorException">It is none of this ledger, or of another history of it.</exception>
    public static FeedPlace Of(LedgerCursor cursor, LedgerEnds ends)
    {
        var place = new FeedPlace();
        if (cursor.IsStart)
            return place;
        ReadOnlySpan<byte> bytes = cursor.Bytes.Span;
        if (bytes.Length <= 1 + LedgerBytes + ChecksumBytes || bytes[0] != Version
            || !bytes[^ChecksumBytes..].SequenceEqual(ChecksumOf(bytes[..^ChecksumBytes])))
        {
            throw new UnknownCursorException("is no place in the feed of this ledger: its form is not one that this program gives");
        }

        if (!bytes.Slice(1, LedgerBytes).SequenceEqual(BytesOf(ends.Ledger)))
            throw new UnknownCursorException("is a place in the feed of another ledger");
        if (!place.TryTake(bytes[(1 + LedgerBytes)..^ChecksumBytes], ends.Writers) || !place.IsWithin(ends))
        {
            throw new UnknownCursorException(
                "is no place in the feed of this ledger as it is: it comes from another history, perhaps from before the ledger was restored from a backup");
        }

        return place;
    }

    /// <summary>A writer's groups up to this one come before.</summary>
    public void Advance(long writer, long number)
    {
        _read[writer] = number;
        if (PartRecords > 0 && writer == PartWriter)
            PartRecords = 0;
    }

    /// <summary>So many records of the writer's next group come before, and not all of them.</summary>
    public void AdvanceWithin(long writer, int records) => (PartWriter, PartRecords) = (writer, records);

    /// <summary>Whether there is a group that does not come before.</summary>
    public bool IsBehind(LedgerEnds ends)
    {
        for (long writer = _whole; writer < ends.Writers; writer++)
        {
            if (ReadOf(writer) < ends[writer].Number)
                return true;
        }

        return false;
    }

    /// <summary>Whether everything that comes before the other place comes before this one.</summary>
    public bool IsAtLeast(FeedPlace other)
    {
        long last = Math.Max(other._whole, other._read.Count == 0 ? 0 : other._read.Keys.Max() + 1);
        for (long writer = 0; writer < last; writer++)
        {
            if (ReadOf(writer) < other.ReadOf(writer))
                return false;
        }

        return other.PartRecords == 0 || ReadOf(other.PartWriter) > other.ReadOf(other.PartWriter)
            || (PartWriter == other.PartWriter && PartRecords >= other.PartRecords);
    }

    /// <summary>The cursor; <see cref="LedgerCursor.Start"/> when no record comes before.</summary>
    public LedgerCursor ToCursor(LedgerEnds ends)
    {
        Settle(ends);
        if (PartRecords == 0 && !HasRead(ends))
            return LedgerCursor.Start;
        var bytes = new List<byte> { Version };
        bytes.AddRange(BytesOf(ends.Ledger));
        Put(bytes, PartRecords);
        if (PartRecords > 0)
            Put(bytes, PartWriter);
        Put(bytes, _whole);
        long next = _whole;
        foreach (IGrouping<long, long> run in Runs())
        {
            for (; next < run.Key; next++)
                Put(bytes, 0);
            long first = run.First(), count = run.Count();
            Put(bytes, ReadOf(first) == Wholly ? 1 + (2 * (count - 1)) : 2 * ReadOf(first));
            next = run.Key + count;
        }

        bytes.AddRange(ChecksumOf([.. bytes]));
        return new LedgerCursor(bytes.ToArray());
    }

    // Writers in a row that are wholly read, together; every other alone. The key is the first of them.
    private IEnumerable<IGrouping<long, long>> Runs()
    {
        long start = 0, before = -2;
        return _read.Where(read => read.Value > 0).Select(read => read.Key).GroupBy(writer =>
        {
            bool goesOn = before == writer - 1 && ReadOf(before) == Wholly && ReadOf(writer) == Wholly;
            before = writer;
            return goesOn ? start : start = writer;
        });
    }

    private void Settle(LedgerEnds ends)
    {
        for (long writer = _whole; writer < ends.Writers; writer++)
        {
            if (ends[writer].IsEnded && ReadOf(writer) == ends[writer].Number)
                _read[writer] = Wholly;
        }

        while (_read.GetValueOrDefault(_whole) == Wholly)
            _read.Remove(_whole++);
    }

    private bool HasRead(LedgerEnds ends)
    {
        for (long writer = 0; writer < ends.Writers; writer++)
        {
            if (Math.Min(ReadOf(writer), ends[writer].Number) > 0)
                return true;
        }

        return false;
    }

    // What a cursor says was read is there still.
    private bool IsWithin(LedgerEnds ends)
    {
        for (long writer = 0; writer < ends.Writers; writer++)
        {
            long read = ReadOf(writer);
            if (read == Wholly ? !ends[writer].IsEnded : read > ends[writer].Number)
                return false;
        }

        return PartRecords == 0 || ReadOf(PartWriter) < ends[PartWriter].Number;
    }

    private bool TryTake(ReadOnlySpan<byte> bytes, long writers)
    {
        if (!TryTakeNumber(ref bytes, int.MaxValue, out long part))
            return false;
        PartRecords = (int)part;
        if (part > 0)
        {
            if (!TryTakeNumber(ref bytes, writers - 1, out long writer))
                return false;
            PartWriter = writer;
        }

        if (!TryTakeNumber(ref bytes, writers, out _whole))
            return false;
        for (long writer = _whole; bytes.Length > 0;)
        {
            if (!TryTakeNumber(ref bytes, long.MaxValue - 1, out long item))
                return false;
            long run = item % 2 == 0 ? 1 : (item / 2) + 1, read = item % 2 == 0 ? item / 2 : Wholly;
            if (run > writers - writer)
                return false;
            for (long end = writer + run; writer < end; writer++)
            {
                if (read > 0)
                    _read[writer] = read;
            }
        }

        return true;
    }

    private static void Put(List<byte> bytes, long number)
    {
        for (; number >= 128; number >>= 7)
            bytes.Add((byte)(number | 128));
        bytes.Add((byte)number);
    }

    private static bool TryTakeNumber(ref ReadOnlySpan<byte> bytes, long maximum, out long number)
    {
        number = 0;
        for (int shift = 0; shift < 63 && bytes.Length > 0; shift += 7)
        {
            byte next = bytes[0];
            bytes = bytes[1..];
            number |= (long)(next & 127) << shift;
            if (next < 128)
                return number <= maximum;
        }

        return false;
    }

    // Against what was cut off or added by mistake: many a shorter cursor would be one as well.
    private static ReadOnlySpan<byte> ChecksumOf(ReadOnlySpan<byte> bytes) => SHA256.HashData(bytes).AsSpan(0, ChecksumBytes);

    private static byte[] BytesOf(Guid ledger)
    {
        byte[] bytes = new byte[LedgerBytes];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, (ulong)(RecordUuid.FromGuid(ledger) >> 64));
        return bytes;
    }
}
