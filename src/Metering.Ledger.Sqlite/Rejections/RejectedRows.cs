namespace Metering.Ledger.Sqlite;

/// <summary>
/// The rows of rejected records, for the writer's thread, within its transactions. Adding beyond the bytes that are allowed
/// drops as many of the oldest, so that no flood of rejections makes the file grow.
/// </summary>
internal sealed class RejectedRows : IDisposable
{
    private readonly RejectedKeeping _keeping;
    private readonly Statement _read;
    private readonly Statement _change;
    private readonly Statement _add;
    private readonly Statement _oldest;
    private readonly Statement _drop;

    /// <summary>Prepares the statements.</summary>
    public RejectedRows(Database database, RejectedKeeping keeping)
    {
        _keeping = keeping;
        _read = database.Prepare("SELECT last_number, bytes FROM rejected_count WHERE id = 1");
        _change = database.Prepare("""
            UPDATE rejected_count SET last_number = ?1, records = records + ?2, bytes = bytes + ?3, dropped_records = dropped_records + ?4
            WHERE id = 1
            """);
        _add = database.Prepare("INSERT INTO rejected_batch VALUES(?1, ?2, ?3, ?4, ?5, ?6)");
        _oldest = database.Prepare("""
            SELECT number, last_received_unix_nanoseconds, records, length(fingerprints) + length(body) FROM rejected_batch ORDER BY number LIMIT 1
            """);
        _drop = database.Prepare("DELETE FROM rejected_batch WHERE number = ?1");
    }

    /// <summary>Adds rows.</summary>
    public void Add(ReadOnlySpan<RejectedWriter> rows)
    {
        (long number, long bytes) = Count();
        long addedRecords = 0, addedBytes = 0;
        foreach (RejectedWriter row in rows)
        {
            number++;
            ReadOnlySpan<byte> body = row.Finish(number);
            _add.Bind(1, number).Bind(2, row.FirstReceived).Bind(3, row.LastReceived).Bind(4, row.Records)
                .Bind(5, row.Fingerprints).Bind(6, body).Run();
            addedRecords += row.Records;
            addedBytes += row.Fingerprints.Length + body.Length;
        }

        (long droppedRecords, long droppedBytes) = bytes + addedBytes > _keeping.BytesMaximum
            ? DropOldest(long.MinValue, bytes + addedBytes, addedBytes + Limits.RejectedBytesMinimum / 16, long.MaxValue)
            : default;
        Change(number, addedRecords - droppedRecords, addedBytes - droppedBytes, droppedRecords);
    }

    /// <summary>Drops some of the rows that are too old or too much; whether there may be more.</summary>
    public bool Drop(long nowUnixNanoseconds)
    {
        (long number, long bytes) = Count();
        long before = nowUnixNanoseconds - (_keeping.Age.Ticks * 100);
        (long records, long dropped) = DropOldest(before, bytes, long.MaxValue, Limits.RejectedDropRecords);
        if (records == 0)
            return false;
        Change(number, -records, -dropped, records);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Statement statement in new[] { _read, _change, _add, _oldest, _drop })
            statement.Dispose();
    }

    // The oldest rows go while they are too old or too much, until so many bytes or records are gone.
    private (long Records, long Bytes) DropOldest(long before, long bytes, long bytesToDrop, long recordsToDrop)
    {
        long records = 0, dropped = 0;
        while (dropped < bytesToDrop && records < recordsToDrop)
        {
            if (!_oldest.Step())
            {
                _oldest.Reset();
                break;
            }

            (long number, long lastReceived, long ofRow, long size) = (_oldest.Number(0), _oldest.Number(1), _oldest.Number(2), _oldest.Number(3));
            _oldest.Reset();
            if (lastReceived >= before && bytes - dropped <= _keeping.BytesMaximum)
                break;
            _drop.Bind(1, number).Run();
            records += ofRow;
            dropped += size;
        }

        return (records, dropped);
    }

    private (long LastNumber, long Bytes) Count()
    {
        try
        {
            return _read.Step() ? (_read.Number(0), _read.Number(1)) : throw new StoreException("The counts of rejected records are not there.");
        }
        finally
        {
            _read.Reset();
        }
    }

    private void Change(long lastNumber, long records, long bytes, long dropped) =>
        _change.Bind(1, lastNumber).Bind(2, records).Bind(3, bytes).Bind(4, dropped).Run();
}
