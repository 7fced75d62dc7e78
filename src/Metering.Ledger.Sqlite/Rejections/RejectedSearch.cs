namespace Metering.Ledger.Sqlite;

/// <summary>One page of rejected records, newest first. It never goes through more than is allowed, however little it finds.</summary>
internal static class RejectedSearch
{
    /// <summary>Finds the page after a place.</summary>
    public static RejectedPage Run(
        StoreFile file, RejectedQuestion question, RejectedPlace after, int recordsMaximum, CancellationToken cancellationToken)
    {
        using Database database = file.Connect(forWriting: false);
        using Statement rows = database.Prepare("""
            SELECT number, first_received_unix_nanoseconds, last_received_unix_nanoseconds, body FROM rejected_batch
            WHERE number <= ?1 ORDER BY number DESC
            """).Bind(1, after.Row);
        var found = new List<RejectedRecord>();
        var ofRow = new List<RejectedRecord>();
        for (int examined = 0; rows.Step(); examined++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long number = rows.Number(0);
            if (examined >= Limits.RejectedPageExamined)
                return new RejectedPage(found, new RejectedPlace(number, int.MaxValue).Write());
            if (rows.Number(1) >= question.ToUnixNanoseconds || rows.Number(2) < question.FromUnixNanoseconds)
                continue;
            ofRow.Clear();
            RejectedReader.Read(number, rows.Bytes(3), ofRow);
            examined += ofRow.Count;
            int left = number == after.Row ? Math.Clamp(after.Records, 0, ofRow.Count) : ofRow.Count;
            while (left > 0 && found.Count < recordsMaximum)
            {
                RejectedRecord record = ofRow[--left];
                if (question.Asks(record))
                    found.Add(record);
            }

            if (found.Count >= recordsMaximum)
                return new RejectedPage(found, left > 0 || rows.Step() ? new RejectedPlace(number, left).Write() : null);
        }

        return new RejectedPage(found, null);
    }
}
