using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// Reads version 2 of a batch (<see cref="BatchBody"/>). That every column is whole, and that together they fill the body,
/// is checked at the beginning; what each value may be, when it is read. Allocates nothing.
/// </summary>
internal ref struct ColumnarReader
{
    private readonly long _base;
    private ReadOnlySpan<byte> _uuids;
    private KeyColumnReader _owners;
    private KeyColumnReader _accounts;
    private ColumnReader _receptions;
    private ColumnReader _sizes;
    private IdColumnReader _ids;
    private ColumnReader _timestamps;
    private KeyColumnReader _skus;
    private ColumnReader _quantities;
    private ColumnReader _steps;
    private int _recordsLeft;
    private int _requestsLeft;
    private int _left; // of the request
    private int _owner;
    private int _account;
    private Guid _request;
    private long _received;
    private long _timestamp;

    /// <summary>Begins after the version.</summary>
    /// <param name="body">The body.</param>
    /// <param name="promised">The number of records that the row promises.</param>
    public ColumnarReader(BodyReader body, long promised)
    {
        uint records = body.TakeUInt32();
        uint requests = body.TakeUInt32();
        if (records != promised)
            throw body.Damage($"it holds {records} records instead of {promised}");
        if (requests == 0 || requests > records)
            throw body.Damage($"{records} records are of {requests} requests");
        _base = _received = body.TakeInt64();

        // Here the number of records is found to fit the body's length, so that all others do.
        body.Part = "its uuids";
        _uuids = body.Take((long)records * BatchBody.UuidBytes);
        _recordsLeft = (int)records;
        _requestsLeft = (int)requests;
        _owners = new KeyColumnReader(ref body, _requestsLeft, "its owners");
        _accounts = new KeyColumnReader(ref body, _requestsLeft, "its accounts");
        _receptions = new ColumnReader(ref body, _requestsLeft, "its times of reception");
        _sizes = new ColumnReader(ref body, _requestsLeft, "its requests' sizes");
        _ids = new IdColumnReader(ref body, _requestsLeft, "its requests' ids");
        _timestamps = new ColumnReader(ref body, _requestsLeft, "its first timestamps");
        _skus = new KeyColumnReader(ref body, _recordsLeft, "its SKUs");
        _quantities = new ColumnReader(ref body, _recordsLeft, "its quantities");
        _steps = new ColumnReader(ref body, _recordsLeft - _requestsLeft, "its further timestamps");
        if (body.Left > 0)
            throw body.Damage($"there are {body.Left} bytes too many");
    }

    /// <summary>Uuids of the records that are left.</summary>
    public readonly ReadOnlySpan<byte> Uuids => _uuids;

    /// <summary>Passes records over, of which there must be so many. Of whole requests, only what the next ones build on is read.</summary>
    public void Skip(int records)
    {
        for (; records > 0 && _left > 0; records--)
            Next(out _);
        int passed = 0, steps = 0, inside = 0;
        while (passed < records && _requestsLeft > 0)
        {
            NextRequest();
            if (_left > records - passed)
            {
                inside = records - passed - 1; // of the last request, whose first record is passed here
                passed++;
                _recordsLeft--;
                _left--;
                break;
            }

            passed += _left;
            steps += _left - 1;
            _recordsLeft -= _left;
            _left = 0;
        }

        _uuids = _uuids[(passed * BatchBody.UuidBytes)..];
        _skus.Skip(passed);
        _quantities.Skip(passed);
        _steps.Skip(steps);
        for (; inside > 0; inside--)
            Next(out _);
    }

    /// <summary>Goes to the next record; false after the last.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // an export is over before the runtime would have come to it
    public bool Next(out CountedRecord record)
    {
        if (_left > 0)
        {
            _timestamp += _steps.Next();
        }
        else if (_requestsLeft > 0)
        {
            NextRequest();
        }
        else
        {
            record = default;
            return false;
        }

        _left--;
        _recordsLeft--;
        UInt128 uuid = BinaryPrimitives.ReadUInt128BigEndian(_uuids);
        _uuids = _uuids[BatchBody.UuidBytes..];
        int sku = _skus.Next();
        long quantity = _quantities.Next();
        if (quantity <= 0)
            throw _quantities.Damage($"a quantity is {quantity}");
        record = new CountedRecord(uuid, _owner, sku, quantity, _timestamp, _received, _account, _request);
        return true;
    }

    private void NextRequest()
    {
        _requestsLeft--;
        _owner = _owners.Next();
        _account = _accounts.Next();
        _received += _receptions.Next();
        _request = _ids.Next();
        _timestamp = _base + _timestamps.Next();
        long size = _sizes.Next();
        if (size is <= 0 or > Limits.RecordsPerWrite)
            throw _sizes.Damage($"a request holds {size} records");
        if (size > _recordsLeft - _requestsLeft || (_requestsLeft == 0 && size != _recordsLeft))
            throw _sizes.Damage($"a request holds {size} records, but {_recordsLeft} are left for it and {_requestsLeft} others");
        _left = (int)size;
    }
}
