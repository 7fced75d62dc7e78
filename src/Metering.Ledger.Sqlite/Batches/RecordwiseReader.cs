using System.Buffers.Binary;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// Reads version 1 of a batch, which ledgers hold that were written before version 2. Integers are LEB128; signed ones zigzag.
/// <code>
/// body    = version(1 byte: 1) request* crc32c(4 bytes)
/// request = owner account requestId(16 bytes) received(signed ns, less the request's before) records record*
/// record  = uuid(16 bytes) sku quantity timestamp(signed ns, less the record's before; the first: less received)
/// </code>
/// </summary>
internal ref struct RecordwiseReader
{
    private readonly long _records;
    private BodyReader _body;
    private long _seen;
    private long _left;
    private long _received;
    private long _timestamp;
    private int _owner;
    private int _account;
    private Guid _request;

    /// <summary>Begins after the version.</summary>
    /// <param name="body">The body.</param>
    /// <param name="records">The number of records that the row promises.</param>
    public RecordwiseReader(BodyReader body, long records)
    {
        _body = body;
        _body.Part = "its requests";
        _records = records;
    }

    /// <summary>Goes to the next record; false after the last.</summary>
    public bool Next(out CountedRecord record)
    {
        if (_left == 0 && !NextRequest())
        {
            record = default;
            return false;
        }

        UInt128 uuid = BinaryPrimitives.ReadUInt128BigEndian(_body.Take(BatchBody.UuidBytes));
        int sku = TakeKey();
        ulong quantity = _body.TakeUnsigned();
        if (quantity is 0 or > long.MaxValue)
            throw _body.Damage($"a quantity is {quantity}");
        _timestamp += _body.TakeSigned();
        _left--;
        _seen++;
        record = new CountedRecord(uuid, _owner, sku, (long)quantity, _timestamp, _received, _account, _request);
        return true;
    }

    private bool NextRequest()
    {
        if (_body.Left == 0)
        {
            if (_seen != _records)
                throw _body.Damage($"it holds {_seen} records instead of {_records}");
            return false;
        }

        _owner = TakeKey();
        _account = TakeKey();
        _request = new Guid(_body.Take(BatchBody.UuidBytes), bigEndian: true);
        _received += _body.TakeSigned();
        _timestamp = _received;
        ulong records = _body.TakeUnsigned();
        if (records is 0 or > Limits.RecordsPerWrite)
            throw _body.Damage($"a request holds {records} records");
        _left = (long)records;
        return true;
    }

    private int TakeKey()
    {
        ulong key = _body.TakeUnsigned();
        return key <= int.MaxValue ? (int)key : throw _body.Damage($"a key is {key}");
    }
}
