using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Metering.Ledger.Sqlite;

/// <summary>What one group commit adds to the hourly totals and to the rejection counts.</summary>
internal sealed class GroupTotals : IDisposable
{
    private readonly RolledUpDays _days;
    private readonly Dictionary<TotalKey, TotalValue> _totals = [];
    private readonly Dictionary<RejectionKey, long> _rejections = [];
    private readonly Statement _readTotal;
    private readonly Statement _writeTotal;
    private readonly Statement _addRejections;

    // Neighbours mostly share a total: the running one is kept out of the table.
    private TotalKey _runningKey;
    private long _runningHourStartUnixNanoseconds;
    private TotalValue _running;

    /// <summary>Prepares the statements.</summary>
    public GroupTotals(Database database, RolledUpDays days)
    {
        _days = days;
        _readTotal = database.Prepare("SELECT quantity, records FROM hour_total WHERE owner = ?1 AND sku = ?2 AND hour = ?3");
        _writeTotal = database.Prepare("""
            INSERT INTO hour_total VALUES(?1, ?2, ?3, ?4, ?5)
            ON CONFLICT DO UPDATE SET quantity = excluded.quantity, records = excluded.records
            """);
        _addRejections = database.Prepare("""
            INSERT INTO hour_rejection VALUES(?1, ?2, ?3, ?4)
            ON CONFLICT DO UPDATE SET records = records + excluded.records
            """);
    }

    /// <summary>Nothing was added since the last <see cref="Clear"/>.</summary>
    public bool IsEmpty => _running.Records == 0 && _totals.Count == 0 && _rejections.Count == 0;

    /// <summary>Forgets everything that was added.</summary>
    public void Clear()
    {
        _totals.Clear();
        _rejections.Clear();
        _running = default;
    }

    /// <summary>Adds an accepted record, in the hour of its timestamp.</summary>
    public void AddAccepted(int owner, in UsageRecord record)
    {
        ulong sinceRunningHour = (ulong)(record.TimestampUnixNanoseconds - _runningHourStartUnixNanoseconds);
        if (sinceRunningHour >= HourRange.NanosecondsPerHour || owner != _runningKey.Owner || record.SkuKey != _runningKey.Sku)
            RunAnother(new TotalKey(owner, record.SkuKey, HourRange.HourOf(record.TimestampUnixNanoseconds)));

        _running.Quantity += record.Quantity;
        _running.Records++;
    }

    /// <summary>Adds a rejected record, in the hour of the server's clock.</summary>
    public void AddRejected(int owner, Verdict reason, long receivedUnixNanoseconds)
    {
        var key = new RejectionKey(owner, reason, HourRange.HourOf(receivedUnixNanoseconds));
        CollectionsMarshal.GetValueRefOrAddDefault(_rejections, key, out _)++;
    }

    /// <summary>Adds everything to the tables, within the caller's transaction.</summary>
    public void Store()
    {
        SetRunningAside();
        Span<byte> amount = stackalloc byte[16];
        foreach ((TotalKey key, TotalValue added) in _totals)
        {
            _days.Note(key.Hour);
            TotalValue total = Read(key);
            BinaryPrimitives.WriteInt128BigEndian(amount, checked(total.Quantity + added.Quantity));
            _writeTotal.Bind(1, key.Owner).Bind(2, key.Sku).Bind(3, key.Hour).Bind(4, amount).Bind(5, total.Records + added.Records).Run();
        }

        foreach ((RejectionKey key, long records) in _rejections)
            _addRejections.Bind(1, key.Owner).Bind(2, (long)key.Reason).Bind(3, key.Hour).Bind(4, records).Run();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _readTotal.Dispose();
        _writeTotal.Dispose();
        _addRejections.Dispose();
    }

    private void RunAnother(TotalKey key)
    {
        SetRunningAside();
        _runningKey = key;
        _runningHourStartUnixNanoseconds = key.Hour * HourRange.NanosecondsPerHour;
    }

    private void SetRunningAside()
    {
        if (_running.Records == 0)
            return;
        ref TotalValue total = ref CollectionsMarshal.GetValueRefOrAddDefault(_totals, _runningKey, out _);
        total.Quantity += _running.Quantity;
        total.Records += _running.Records;
        _running = default;
    }

    private TotalValue Read(TotalKey key)
    {
        try
        {
            return _readTotal.Bind(1, key.Owner).Bind(2, key.Sku).Bind(3, key.Hour).Step()
                ? new TotalValue { Quantity = BinaryPrimitives.ReadInt128BigEndian(_readTotal.Bytes(0)), Records = _readTotal.Number(1) }
                : default;
        }
        finally
        {
            _readTotal.Reset();
        }
    }

    private struct TotalValue
    {
        public Int128 Quantity;
        public long Records;
    }

    private readonly record struct TotalKey(int Owner, int Sku, long Hour);

    private readonly record struct RejectionKey(int Owner, Verdict Reason, long Hour);
}
