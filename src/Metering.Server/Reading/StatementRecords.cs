using Metering.Ledger;

namespace Metering.Server;

/// <summary>A record of a statement.</summary>
internal readonly record struct StatementRecord(UInt128 Uuid, RecordSeries Series, long Quantity, long TimestampUnixNanoseconds);

/// <summary>
/// The first records by uuid of those that come after a uuid, as many as are held at once, however many go by. Pass after pass
/// it gives all of them in order, whatever their uuids look like.
/// </summary>
internal sealed class StatementRecords(UInt128? after, int recordsMaximum)
{
    private readonly List<StatementRecord> _held = [];
    private UInt128 _last = UInt128.MaxValue;

    /// <summary>Takes up a record, if it can be one of the first.</summary>
    public void Add(in StatementRecord record)
    {
        if (record.Uuid <= after || record.Uuid > _last)
            return;
        _held.Add(record);
        if (_held.Count >= 2 * (long)recordsMaximum)
            Cut();
    }

    /// <summary>The records, by uuid.</summary>
    public IReadOnlyList<StatementRecord> Take()
    {
        Cut();
        return _held;
    }

    private void Cut()
    {
        _held.Sort((left, right) => left.Uuid.CompareTo(right.Uuid));
        if (_held.Count <= recordsMaximum)
            return;
        _held.RemoveRange(recordsMaximum, _held.Count - recordsMaximum);
        _last = _held[^1].Uuid;
    }
}
