using System.Buffers.Binary;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// Encodes the accepted records of a group commit, version 2 (<see cref="BatchBody"/>). Uuids go straight to their place
/// in the body; the other columns are packed block by block while requests are added, and put together at the end.
/// Nothing is allocated once the buffers have the size of the largest batch.
/// </summary>
internal sealed class BatchWriter
{
    // A value for each request: their waiting values have one number.
    private readonly KeyColumnWriter _owners = new();
    private readonly KeyColumnWriter _accounts = new();
    private readonly ColumnWriter _receptions = new();
    private readonly ColumnWriter _sizes = new();
    private readonly ColumnWriter _timestamps = new();
    private readonly IdColumnWriter _ids = new();
    private int _waitingRequests;

    // A value for each record.
    private readonly KeyColumnWriter _skus = new();
    private readonly ColumnWriter _quantities = new();
    private int _waitingRecords;

    // A value for each record but the first of each request.
    private readonly ColumnWriter _steps = new();
    private int _waitingSteps;

    private byte[] _body = new byte[64 * 1024];
    private int _length; // head and uuids
    private int _requests;
    private long _base;
    private long _newestReception;

    /// <summary>Records in the batch so far.</summary>
    public int Records { get; private set; }

    /// <summary>Starts a new batch.</summary>
    public void Clear()
    {
        Records = _requests = _waitingRequests = _waitingRecords = _waitingSteps = 0;
        _length = BatchBody.HeadBytes;
        _owners.Clear();
        _accounts.Clear();
        _receptions.Clear();
        _sizes.Clear();
        _timestamps.Clear();
        _ids.Clear();
        _skus.Clear();
        _quantities.Clear();
        _steps.Clear();
    }

    /// <summary>Adds the accepted ones of a judged request's records.</summary>
    /// <param name="write">The request.</param>
    /// <param name="accepted">How many of its records are accepted; at least 1.</param>
    public void Add(UsageWrite write, int accepted)
    {
        long received = write.ReceivedUnixNanoseconds;
        if (_requests++ == 0)
            _base = _newestReception = received;
        long firstTimestamp = AddRecords(write.Records, accepted);
        int place = _waitingRequests++;
        _owners.Places.Waiting[place] = _owners.PlaceOf(write.OwnerKey);
        _accounts.Places.Waiting[place] = _accounts.PlaceOf(write.AccountKey);
        _receptions.Waiting[place] = received - _newestReception;
        _newestReception = received;
        _sizes.Waiting[place] = accepted;
        _timestamps.Waiting[place] = firstTimestamp - _base;
        _ids.Add(write.RequestId);
        if (_waitingRequests == PackedBlock.Values)
            PackRequests();
    }

    /// <summary>Ends the batch, which has a record at least: its body, good until the next <see cref="Clear"/>.</summary>
    public ReadOnlySpan<byte> Finish(long number)
    {
        PackRequests();
        PackRecords();
        PackSteps();
        _body[0] = BatchBody.Columnar;
        BinaryPrimitives.WriteUInt32LittleEndian(_body.AsSpan(1), (uint)Records);
        BinaryPrimitives.WriteUInt32LittleEndian(_body.AsSpan(5), (uint)_requests);
        BinaryPrimitives.WriteInt64LittleEndian(_body.AsSpan(9), _base);
        int length = _length;
        Put(_owners, ref length);
        Put(_accounts, ref length);
        Put(_receptions, ref length);
        Put(_sizes, ref length);
        Reserve(length + _ids.BytesAtMost);
        length += _ids.Write(_body.AsSpan(length));
        Put(_timestamps, ref length);
        Put(_skus, ref length);
        Put(_quantities, ref length);
        Put(_steps, ref length);

        Reserve(length + BatchBody.ChecksumBytes);
        uint checksum = Crc32C.OfBatch(number, _body.AsSpan(0, length));
        BinaryPrimitives.WriteUInt32LittleEndian(_body.AsSpan(length), checksum);
        return _body.AsSpan(0, length + BatchBody.ChecksumBytes);
    }

    // The timestamp of the first record is the request's; each further one is kept as a step from the one before.
    private long AddRecords(ReadOnlySpan<UsageRecord> records, int accepted)
    {
        Records += accepted;
        Reserve(_length + (accepted * BatchBody.UuidBytes));
        Span<byte> uuids = _body.AsSpan(_length, accepted * BatchBody.UuidBytes);
        Span<long> skus = _skus.Places.Waiting.AsSpan(_waitingRecords, accepted);
        Span<long> quantities = _quantities.Waiting.AsSpan(_waitingRecords, accepted);
        Span<long> steps = _steps.Waiting.AsSpan(_waitingSteps, accepted - 1);
        long first = 0, newest = 0;
        int place = 0;
        foreach (ref readonly UsageRecord record in records)
        {
            if (record.Verdict != Verdict.Accepted)
                continue;
            BinaryPrimitives.WriteUInt128BigEndian(uuids[(place * BatchBody.UuidBytes)..], record.Uuid);
            skus[place] = _skus.PlaceOf(record.SkuKey);
            quantities[place] = record.Quantity;
            long timestamp = record.TimestampUnixNanoseconds;
            if (place == 0)
                first = timestamp;
            else
                steps[place - 1] = timestamp - newest;
            newest = timestamp;
            place++;
        }

        _length += uuids.Length;
        _waitingRecords += accepted;
        _waitingSteps += accepted - 1;
        if (_waitingRecords >= PackedBlock.Values)
            PackRecords();
        if (_waitingSteps >= PackedBlock.Values)
            PackSteps();
        return first;
    }

    private void PackRequests()
    {
        _owners.Places.Pack(_waitingRequests);
        _accounts.Places.Pack(_waitingRequests);
        _receptions.Pack(_waitingRequests);
        _sizes.Pack(_waitingRequests);
        _timestamps.Pack(_waitingRequests);
        _waitingRequests = 0;
    }

    private void PackRecords()
    {
        _skus.Places.Pack(_waitingRecords);
        _quantities.Pack(_waitingRecords);
        _waitingRecords = Math.Max(0, _waitingRecords - PackedBlock.Values);
    }

    private void PackSteps()
    {
        _steps.Pack(_waitingSteps);
        _waitingSteps = Math.Max(0, _waitingSteps - PackedBlock.Values);
    }

    private void Put(KeyColumnWriter keys, ref int length)
    {
        Reserve(length + keys.EntryBytesAtMost);
        length += keys.WriteEntries(_body.AsSpan(length));
        Put(keys.Places, ref length);
    }

    private void Put(ColumnWriter column, ref int length)
    {
        ReadOnlySpan<byte> packed = column.Packed;
        Reserve(length + packed.Length);
        packed.CopyTo(_body.AsSpan(length));
        length += packed.Length;
    }

    private void Reserve(int length)
    {
        if (length > _body.Length)
            Array.Resize(ref _body, Math.Max(length, _body.Length * 2));
    }
}
