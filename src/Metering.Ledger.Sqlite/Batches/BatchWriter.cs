using System.Buffers.Binary;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// Encodes the accepted records of a group commit, version 2 (<see cref="BatchBody"/>). Uuids go straight to their place
/// in the body; the other columns are packed block by block while requests are added, and put together at the end.
/// Nothing is allocated once the buffers have the size of the largest batch.
/// </summary>
internal sealed class BatchWriter
{
    private readonly KeyColumnWriter _owners = new();
    private readonly KeyColumnWriter _accounts = new();
    private readonly ColumnWriter _received = new();
    private readonly ColumnWriter _sizes = new();
    private readonly IdColumnWriter _ids = new();
    private readonly ColumnWriter _timestamps = new();
    private readonly KeyColumnWriter _skus = new();
    private readonly ColumnWriter _quantities = new();
    private readonly ColumnWriter _steps = new();
    private byte[] _body = new byte[64 * 1024];
    private int _length; // head and uuids
    private int _requests;
    private long _base;
    private long _newestReceived;

    /// <summary>Records in the batch so far.</summary>
    public int Records { get; private set; }

    /// <summary>Starts a new batch.</summary>
    public void Clear()
    {
        Records = _requests = 0;
        _length = BatchBody.HeadBytes;
        _owners.Clear();
        _accounts.Clear();
        _received.Clear();
        _sizes.Clear();
        _ids.Clear();
        _timestamps.Clear();
        _skus.Clear();
        _quantities.Clear();
        _steps.Clear();
    }

    /// <summary>Adds the accepted ones of a judged request's records.</summary>
    /// <param name="write">The request.</param>
    /// <param name="accepted">How many of its records are accepted; at least 1.</param>
    public void Add(UsageWrite write, int accepted)
    {
        if (_requests++ == 0)
            _base = _newestReceived = write.ReceivedUnixNanoseconds;
        _owners.Add(write.OwnerKey);
        _accounts.Add(write.AccountKey);
        _received.Add(write.ReceivedUnixNanoseconds - _newestReceived);
        _newestReceived = write.ReceivedUnixNanoseconds;
        _sizes.Add(accepted);
        _ids.Add(write.RequestId);
        AddRecords(write.Records, accepted);
        Records += accepted;
    }

    /// <summary>Ends the batch, which has a record at least: its body, good until the next <see cref="Clear"/>.</summary>
    public ReadOnlySpan<byte> Finish(long number)
    {
        _body[0] = BatchBody.Columnar;
        BinaryPrimitives.WriteUInt32LittleEndian(_body.AsSpan(1), (uint)Records);
        BinaryPrimitives.WriteUInt32LittleEndian(_body.AsSpan(5), (uint)_requests);
        BinaryPrimitives.WriteInt64LittleEndian(_body.AsSpan(9), _base);
        int length = _length;
        Put(_owners, ref length);
        Put(_accounts, ref length);
        Put(_received.Finish(), ref length);
        Put(_sizes.Finish(), ref length);
        Reserve(length + _ids.BytesAtMost);
        length += _ids.Write(_body.AsSpan(length));
        Put(_timestamps.Finish(), ref length);
        Put(_skus, ref length);
        Put(_quantities.Finish(), ref length);
        Put(_steps.Finish(), ref length);

        Reserve(length + BatchBody.ChecksumBytes);
        uint checksum = Crc32C.OfBatch(number, _body.AsSpan(0, length));
        BinaryPrimitives.WriteUInt32LittleEndian(_body.AsSpan(length), checksum);
        return _body.AsSpan(0, length + BatchBody.ChecksumBytes);
    }

    private void AddRecords(ReadOnlySpan<UsageRecord> records, int accepted)
    {
        Reserve(_length + (accepted * BatchBody.UuidBytes));
        Span<byte> uuids = _body.AsSpan(_length, accepted * BatchBody.UuidBytes);
        _length += uuids.Length;
        bool isFirst = true;
        long newest = 0;
        foreach (ref readonly UsageRecord record in records)
        {
            if (record.Verdict != Verdict.Accepted)
                continue;
            BinaryPrimitives.WriteUInt128BigEndian(uuids, record.Uuid);
            uuids = uuids[BatchBody.UuidBytes..];
            _skus.Add(record.SkuKey);
            _quantities.Add(record.Quantity);
            long timestamp = record.TimestampUnixNanoseconds;
            if (isFirst)
                _timestamps.Add(timestamp - _base);
            else
                _steps.Add(timestamp - newest);
            newest = timestamp;
            isFirst = false;
        }
    }

    private void Put(KeyColumnWriter keys, ref int length)
    {
        Reserve(length + keys.EntryBytesAtMost);
        length += keys.WriteEntries(_body.AsSpan(length));
        Put(keys.FinishPlaces(), ref length);
    }

    private void Put(ReadOnlySpan<byte> column, ref int length)
    {
        Reserve(length + column.Length);
        column.CopyTo(_body.AsSpan(length));
        length += column.Length;
    }

    private void Reserve(int length)
    {
        if (length > _body.Length)
            Array.Resize(ref _body, Math.Max(length, _body.Length * 2));
    }
}
