namespace Metering.Ledger.Sqlite;

/// <summary>
/// Finds where the records of a moment begin, by halving. A batch's first moment of reception says of all batches before it
/// that they came earlier, but for <see cref="Limits.AcceptanceDisorder"/>, as long as nobody set the clock back.
/// </summary>
internal sealed class MomentSearch(ReadConnection connection)
{
    private static readonly long Disorder = Limits.AcceptanceDisorder.Ticks * 100;

    /// <summary>The first batch that may hold a record that was accepted at this moment or later; the one after the last when none does.</summary>
    public long FirstBatch(long moment)
    {
        // What an archive holds, it knows to the nanosecond.
        long first = 1;
        foreach (ArchiveNote note in ArchiveNote.ReadAll(connection.Database))
        {
            if (note.LastAccepted >= moment)
                return first;
            first = note.LastBatch + 1;
        }

        long last = connection.LastBatch();
        foreach (long end in ClockSetBack(connection, first))
        {
            if (FindIn(first, end, moment) is { } found)
                return found;
            first = end + 1;
        }

        return first > last ? first : FindIn(first, last, moment) ?? last + 1;
    }

    /// <summary>Whether the clock was set back after this batch or a later one, so that earlier moments come again.</summary>
    public static bool IsClockSetBackAfter(ReadConnection connection, long batch) => ClockSetBack(connection, batch).Count > 0;

    private static List<long> ClockSetBack(ReadConnection connection, long from)
    {
        var batches = new List<long>();
        using Statement rows = connection.Database.Prepare("SELECT batch FROM clock_set_back WHERE batch >= ?1 ORDER BY batch").Bind(1, from);
        while (rows.Step())
            batches.Add(rows.Number(0));
        return batches;
    }

    // Null when none of them holds such a record.
    private long? FindIn(long first, long last, long moment)
    {
        long surely = (long)Int128.Max((Int128)moment - Disorder, long.MinValue);
        long low = first, high = last; // of all batches before the low one, every record is earlier
        while (low < high)
        {
            long middle = low + ((high - low + 1) / 2);
            if (connection.FirstReceptionOf(middle) is { } received && received < surely)
                low = middle;
            else
                high = middle - 1;
        }

        return low < last || LatestIn(low) >= moment ? low : null;
    }

    private long LatestIn(long batch) => connection.Read(batch, (records, body) =>
    {
        long latest = long.MinValue;
        var reader = new BatchReader(batch, records, body);
        while (reader.Next(out CountedRecord record))
            latest = Math.Max(latest, record.AcceptedUnixNanoseconds);
        return latest;
    });
}
