using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// Writes the records of a view as lines of text, straight into bytes: hundreds of thousands a second. Names are put into the form
/// once for all records that share them, and what a request's records have in common once for each request.
/// </summary>
internal sealed class RecordLines(LineForm form, RecordView view)
{
    private const int QuantityBytes = 20;
    private const int ValueBytes = IdText.Bytes + QuantityBytes + MomentText.BytesAtMost;
    private const int SeriesKept = 256; // a power of 2

    private readonly KeptSeries[] _kept = new KeptSeries[SeriesKept];
    private readonly Dictionary<RecordSeries, byte[]> _names = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<int, byte[]> _accounts = [];
    private readonly MomentText _timestamps = new();
    private readonly MomentText _receptions = new();
    private readonly int _fixedBytes = ValueBytes + form.Opening.Length + form.BeforeTimestamp.Length;
    private byte[] _request = [];
    private int _requestBytes;
    private (Guid Id, long Accepted, int Account) _requestOf = (Guid.Empty, 0, -1);
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

    /// <summary>Adds the lines of those records that are to be seen.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // an export is over before the runtime would have come to it
    public void Add(IReadOnlyList<CountedRecord> records)
    {
        ReadOnlySpan<CountedRecord> some = records switch
        {
            List<CountedRecord> list => CollectionsMarshal.AsSpan(list),
            CountedRecord[] array => array,
            _ => records.ToArray(),
        };
        for (int place = 0; place < some.Length; place++)
        {
            ref readonly CountedRecord record = ref some[place];
            if (!view.Question.IncludesMoment(record.TimestampUnixNanoseconds))
                continue;
            ref KeptSeries kept = ref _kept[((record.OwnerKey * 31) + record.SkuKey) & (SeriesKept - 1)];
            if (kept.OwnerKey != record.OwnerKey || kept.SkuKey != record.SkuKey || !kept.IsKnown)
                kept = FindSeries(record.OwnerKey, record.SkuKey);
            if (kept.Names is { } names)
                Add(record, names);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Add(in CountedRecord record, byte[] names)
    {
        if (record.RequestId != _requestOf.Id || record.AcceptedUnixNanoseconds != _requestOf.Accepted || record.AccountKey != _requestOf.Account)
            TakeRequest(record);
        MakeRoom(_fixedBytes + names.Length + _requestBytes);
        Put(form.Opening);
        IdText.Write(record.Uuid, _bytes.AsSpan(_length));
        _length += IdText.Bytes;
        Put(names);
        Utf8Formatter.TryFormat(record.Quantity, _bytes.AsSpan(_length), out int digits);
        _length += digits;
        Put(form.BeforeTimestamp);
        _length += _timestamps.Write(record.TimestampUnixNanoseconds, _bytes.AsSpan(_length));
        Put(_request.AsSpan(0, _requestBytes));
        Records++;
    }

    private KeptSeries FindSeries(int ownerKey, int skuKey)
    {
        byte[]? names = null;
        if (view.Find(ownerKey, skuKey) is { } series && !_names.TryGetValue(series, out names))
            _names[series] = names = form.Names(series);
        return new KeptSeries(true, ownerKey, skuKey, names);
    }

    // What follows after the timestamp.
    private void TakeRequest(in CountedRecord record)
    {
        if (!_accounts.TryGetValue(record.AccountKey, out byte[]? account))
            _accounts[record.AccountKey] = account = form.Account(view.AccountOf(record));
        int most = form.BeforeAccepted.Length + MomentText.BytesAtMost + account.Length + IdText.Bytes + form.Closing.Length;
        if (_request.Length < most)
            _request = new byte[most];
        int at = 0;
        PutInRequest(form.BeforeAccepted, ref at);
        at += _receptions.Write(record.AcceptedUnixNanoseconds, _request.AsSpan(at));
        PutInRequest(account, ref at);
        IdText.Write(RecordUuid.FromGuid(record.RequestId), _request.AsSpan(at));
        at += IdText.Bytes;
        PutInRequest(form.Closing, ref at);
        _requestBytes = at;
        _requestOf = (record.RequestId, record.AcceptedUnixNanoseconds, record.AccountKey);
    }

    private void PutInRequest(byte[] bytes, ref int at)
    {
        bytes.CopyTo(_request, at);
        at += bytes.Length;
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    private void MakeRoom(int bytes)
    {
        if (_length + bytes > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(_length + bytes, _bytes.Length * 2));
    }

    /// <summary>A series that came lately.</summary>
    /// <param name="IsKnown">Whether anything is kept here.</param>
    /// <param name="OwnerKey">Its owner.</param>
    /// <param name="SkuKey">Its SKU.</param>
    /// <param name="Names">Its names in the form; null when it is not to be seen.</param>
    private readonly record struct KeptSeries(bool IsKnown, int OwnerKey, int SkuKey, byte[]? Names);
}
