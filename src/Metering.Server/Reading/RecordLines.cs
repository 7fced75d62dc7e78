using System.Buffers.Text;
using System.Runtime.CompilerServices;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// Writes records as lines of text, straight into bytes: hundreds of thousands a second. Names are put into the form once for
/// all records that share them.
/// </summary>
internal sealed class RecordLines(LineForm form, RecordView view)
{
    private const int UuidBytes = 36;
    private const int QuantityBytes = 20;
    private const int ValueBytes = (2 * UuidBytes) + QuantityBytes + (2 * MomentText.BytesAtMost);

    private readonly Dictionary<RecordSeries, byte[]> _names = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<int, byte[]> _accounts = [];
    private readonly MomentText _timestamps = new();
    private readonly MomentText _receptions = new();
    private readonly int _fixedBytes = ValueBytes + form.Opening.Length + form.BeforeTimestamp.Length + form.BeforeAccepted.Length + form.Closing.Length;
    private RecordSeries? _lastSeries;
    private byte[] _lastNames = [];
    private int _lastAccount = -1;
    private byte[] _lastAccountBytes = [];
    private byte[] _bytes = new byte[64 * 1024];
    private int _length;

    /// <summary>What was written since the last <see cref="Clear"/>; good until then.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes.AsMemory(0, _length);

    /// <summary>Lines in it, the header's not counted.</summary>
    public int Records { get; private set; }

    /// <summary>Begins anew.</summary>
    public void Clear() => (_length, Records) = (0, 0);

    /// <summary>Adds the first line, if the form has one.</summary>
    public void AddHeader()
    {
        MakeRoom(form.Header.Length);
        Put(form.Header);
    }

    /// <summary>Adds a record's line.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // an export is over before the runtime would have come to it
    public void Add(in CountedRecord record, RecordSeries series)
    {
        if (!ReferenceEquals(series, _lastSeries))
            TakeSeries(series);
        if (record.AccountKey != _lastAccount)
            TakeAccount(record);
        MakeRoom(_fixedBytes + _lastNames.Length + _lastAccountBytes.Length);
        Put(form.Opening);
        Put(RecordUuid.ToGuid(record.Uuid));
        Put(_lastNames);
        Utf8Formatter.TryFormat(record.Quantity, _bytes.AsSpan(_length), out int digits);
        _length += digits;
        Put(form.BeforeTimestamp);
        _length += _timestamps.Write(record.TimestampUnixNanoseconds, _bytes.AsSpan(_length));
        Put(form.BeforeAccepted);
        _length += _receptions.Write(record.AcceptedUnixNanoseconds, _bytes.AsSpan(_length));
        Put(_lastAccountBytes);
        Put(record.RequestId);
        Put(form.Closing);
        Records++;
    }

    private void TakeSeries(RecordSeries series)
    {
        if (!_names.TryGetValue(series, out byte[]? names))
            _names[series] = names = form.Names(series);
        (_lastSeries, _lastNames) = (series, names);
    }

    private void TakeAccount(in CountedRecord record)
    {
        if (!_accounts.TryGetValue(record.AccountKey, out byte[]? account))
            _accounts[record.AccountKey] = account = form.Account(view.AccountOf(record));
        (_lastAccount, _lastAccountBytes) = (record.AccountKey, account);
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    private void Put(Guid id)
    {
        id.TryFormat(_bytes.AsSpan(_length), out int written);
        _length += written;
    }

    private void MakeRoom(int bytes)
    {
        if (_length + bytes > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(_length + bytes, _bytes.Length * 2));
    }
}
