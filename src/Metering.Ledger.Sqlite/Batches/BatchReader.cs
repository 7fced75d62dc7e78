using System.Buffers.Binary;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// Reads a stored batch, record by record. The body is not trusted: whatever it holds, the outcome is the records that
/// were written or a <see cref="StoreException"/> that names the batch and what is wrong.
/// </summary>
internal ref struct BatchReader
{
    private readonly long _number;
    private readonly long _records;
    private readonly ReadOnlySpan<byte> _body;
    private int _position;
    private long _seen;
    private long _left;
    private long _received;
    private long _timestamp;
    private int _owner;
    private int _account;
    private Guid _request;

    /// <summary>Checks the checksum and the version.</summary>
    /// <param name="number">The batch's number.</param>
    /// <param name="records">The number of records that the row promises.</param>
    /// <param name="row">The row's bytes.</param>
    public BatchReader(long number, long records, ReadOnlySpan<byte> row)
    {
        _number = number;
        _records = records;
        if (row.Length <= BatchWriter.ChecksumBytes)
            throw Damage($"it has only {row.Length} bytes");
        _body = row[..^BatchWriter.ChecksumBytes];
        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(row[^BatchWriter.ChecksumBytes..]);
        uint computed = Crc32C.OfBatch(number, _body);
        if (stored != computed)
            throw Damage($"its checksum is {stored:x8}, but its bytes give {computed:x8}");
        byte version = _body[_position++];
        if (version != BatchWriter.Version)
            throw Damage($"its encoding has version {version}, which this program does not know");
    }

    /// <summary>Goes to the next record; false after the last.</summary>
    public bool Next(out CountedRecord record)
    {
        if (_left == 0 && !NextRequest())
        {
            record = default;
            return false;
        }

        UInt128 uuid = BinaryPrimitives.ReadUInt128BigEndian(Take(16));
        int sku = TakeKey();
        ulong quantity = TakeUnsigned();
        if (quantity is 0 or > long.MaxValue)
            throw Damage($"a quantity is {quantity}");
        _timestamp += TakeSigned();
        _left--;
        _seen++;
        record = new CountedRecord(uuid, _owner, sku, (long)quantity, _timestamp, _received, _account, _request);
        return true;
    }

    /// <summary>What to throw when the batch is not what it must be.</summary>
    public readonly StoreException Damage(string what) => Damage(_number, what);

    /// <summary>What to throw when a batch is not what it must be.</summary>
    public static StoreException Damage(long number, string what) =>
        new($"Batch {number} is damaged: {what}. Restore the ledger from a backup.");

    private bool NextRequest()
    {
        if (_position == _body.Length)
        {
            if (_seen != _records)
                throw Damage($"it holds {_seen} records instead of {_records}");
            return false;
        }

        _owner = TakeKey();
        _account = TakeKey();
        _request = new Guid(Take(16), bigEndian: true);
        _received += TakeSigned();
        _timestamp = _received;
        ulong records = TakeUnsigned();
        if (records is 0 or > Limits.RecordsPerWrite)
            throw Damage($"a request holds {records} records");
        _left = (long)records;
        return true;
    }

    private int TakeKey()
    {
        ulong key = TakeUnsigned();
        return key <= int.MaxValue ? (int)key : throw Damage($"a key is {key}");
    }

    private long TakeSigned()
    {
        ulong value = TakeUnsigned();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    private ulong TakeUnsigned()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            if (_position == _body.Length)
                throw Damage("it ends within a number");
            byte next = _body[_position++];
            if (shift == 63 && next > 1)
                break;
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }

        throw Damage("a number has more than 64 bits");
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (_body.Length - _position < length)
            throw Damage("it ends within a record");
        ReadOnlySpan<byte> bytes = _body.Slice(_position, length);
        _position += length;
        return bytes;
    }
}
