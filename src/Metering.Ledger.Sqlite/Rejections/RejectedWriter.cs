namespace Metering.Ledger.Sqlite;

/// <summary>Encodes rejected records (<see cref="RejectedBody"/>). Nothing is allocated once the buffers have their size.</summary>
internal sealed class RejectedWriter
{
    private readonly TextTable _texts = new();
    private readonly GrowingBytes _requests = new(16 * 1024);
    private readonly GrowingBytes _fingerprints = new(1024);
    private readonly GrowingBytes _body = new(16 * 1024);
    private long _received;

    /// <summary>Records so far.</summary>
    public int Records { get; private set; }

    /// <summary>About as many bytes as the body will have.</summary>
    public int Bytes => _requests.Length + _texts.Bytes;

    /// <summary>When the first record, by time, was received.</summary>
    public long FirstReceived { get; private set; }

    /// <summary>When the last record, by time, was received.</summary>
    public long LastReceived { get; private set; }

    /// <summary>What the uuids are looked up by.</summary>
    public ReadOnlySpan<byte> Fingerprints => _fingerprints.Written;

    /// <summary>Begins anew.</summary>
    public void Clear()
    {
        if (Records == 0)
            return;
        _texts.Clear();
        _requests.Clear();
        _fingerprints.Clear();
        _received = 0;
        Records = 0;
    }

    /// <summary>Adds those records of a judged request that were rejected, but no duplicates.</summary>
    public void Add(UsageWrite write, int rejected)
    {
        ReadOnlySpan<byte> target = write.Text(write.TargetText);
        bool isTargetCut = RejectedText.IsCut(target);
        AddRequest(write.RequestId, write.Kind, RejectedText.Cut(target), write.OwnerKey, write.AccountKey, write.ReceivedUnixNanoseconds, rejected);
        Span<UsageRecord> records = write.Records;
        for (int place = 0; place < records.Length; place++)
        {
            ref readonly UsageRecord record = ref records[place];
            if (record.Verdict is Verdict.Accepted or Verdict.Duplicate)
                continue;
            ReadOnlySpan<byte> uuid = write.Text(record.UuidText), sku = write.Text(record.SkuText);
            bool isCut = isTargetCut || RejectedText.IsCut(uuid) || RejectedText.IsCut(sku);
            AddUuid(RejectedText.Cut(uuid), place, record.Verdict, record.HasTimestamp, isCut, RecordDifferences.None);
            _requests.PutUnsigned(_texts.NumberOf(RejectedText.Cut(sku)));
            _requests.PutSigned(record.Quantity);
            if (record.HasTimestamp)
                AddTimestamp(record.TimestampSeconds, record.TimestampNanoseconds);
        }
    }

    /// <summary>Adds one record.</summary>
    public void Add(RejectedRecord record)
    {
        Span<byte> text = stackalloc byte[Limits.RejectedTextBytes];
        AddRequest(
            record.RequestId, record.Kind, Utf8(record.Target, text), record.OwnerKey, record.AccountKey, record.ReceivedUnixNanoseconds, 1);
        AddUuid(Utf8(record.Uuid, text), record.Place, record.Reason, record.HasTimestamp, record.IsCut, record.Differences);
        _requests.PutUnsigned(_texts.NumberOf(Utf8(record.SkuId, text)));
        _requests.PutSigned(record.Quantity);
        if (record.HasTimestamp)
            AddTimestamp(record.TimestampSeconds, record.TimestampNanoseconds);
        if (record.Differences != RecordDifferences.None)
            _requests.Put((byte)record.Differences);
    }

    /// <summary>Ends the body of a row, which has a record at least: its bytes, good until the next <see cref="Finish"/>.</summary>
    public ReadOnlySpan<byte> Finish(long number)
    {
        _body.Clear();
        _body.Put(RejectedBody.Version);
        _body.PutUnsigned((ulong)Records);
        _body.PutUnsigned((ulong)_texts.Count);
        for (int text = 0; text < _texts.Count; text++)
        {
            _body.PutUnsigned((ulong)_texts.Text(text).Length);
            _body.Put(_texts.Text(text));
        }

        _body.Put(_requests.Written);
        _body.PutUInt32(Crc32C.OfNumbered(number, _body.Written));
        return _body.Written;
    }

    private void AddRequest(Guid id, UsageKind kind, ReadOnlySpan<byte> target, int owner, int account, long received, int records)
    {
        FirstReceived = Records == 0 ? received : Math.Min(FirstReceived, received);
        LastReceived = Records == 0 ? received : Math.Max(LastReceived, received);
        Records += records;
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        _requests.Put(bytes);
        _requests.Put((byte)kind);
        _requests.PutUnsigned(_texts.NumberOf(target));
        _requests.PutUnsigned((uint)owner);
        _requests.PutUnsigned((uint)account);
        _requests.PutSigned(received - _received);
        _requests.PutUnsigned((ulong)records);
        _received = received;
    }

    private void AddUuid(ReadOnlySpan<byte> uuid, int place, Verdict reason, bool hasTimestamp, bool isCut, RecordDifferences differences)
    {
        bool isValue = RecordUuid.TryParse(uuid, out UInt128 value) && !uuid.ContainsAnyInRange((byte)'A', (byte)'F');
        _requests.Put((byte)((byte)reason
            | (isValue ? RejectedBody.HasUuidValue : 0)
            | (hasTimestamp ? RejectedBody.HasTimestamp : 0)
            | (isCut ? RejectedBody.IsCut : 0)
            | (differences != RecordDifferences.None ? RejectedBody.HasDifferences : 0)));
        _requests.PutUnsigned((uint)place);
        if (isValue)
            _requests.PutUInt128(value);
        else
            _requests.PutUnsigned(_texts.NumberOf(uuid));
        _fingerprints.PutUInt32(RejectedBody.FingerprintOf(uuid));
    }

    private void AddTimestamp(long seconds, int nanoseconds)
    {
        _requests.PutSigned(unchecked(seconds - (_received / 1_000_000_000)));
        _requests.PutSigned(nanoseconds);
    }

    private static ReadOnlySpan<byte> Utf8(string text, Span<byte> place) => place[..System.Text.Encoding.UTF8.GetBytes(text, place)];
}
