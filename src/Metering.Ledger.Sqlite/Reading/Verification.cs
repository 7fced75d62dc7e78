namespace Metering.Ledger.Sqlite;

/// <summary>
/// Proves that the totals are the sums of the records, that no uuid is counted twice, and that the index holds what the
/// records say. It compares the totals of one
/// state with the records up to the last batch of that state, so that writing may go on meanwhile.
/// </summary>
internal sealed class Verification(StoreFile file, OpenedIndex index, long uuidsPerPass)
{
    private const int DifferencesListed = 100;

    private readonly List<string> _differences = [];
    private readonly Dictionary<(int Owner, int Sku, long Hour), Sum> _sums = [];

    /// <summary>Reads everything; see <see cref="ILedger.VerifyAsync"/>.</summary>
    public LedgerVerification Run(CancellationToken cancellationToken)
    {
        using Database database = file.Connect(forWriting: false);
        using var indexed = new IndexVerification(index); // first, so that it is not ahead of the records
        database.Execute("BEGIN");
        long last = database.QueryNumber("SELECT max(number) FROM batch");
        long promised = database.QueryNumber("SELECT sum(records) FROM batch");
        ReadTotals(database);
        database.Execute("COMMIT");

        // So many uuids do not fit into memory at once: each pass looks at a part of them.
        int passes = (int)Math.Max(1, (promised + uuidsPerPass - 1) / uuidsPerPass);
        long records = 0;
        for (int pass = 0; pass < passes; pass++)
            records += ReadRecords(database, indexed, last, pass, passes, cancellationToken);
        Compare();
        indexed.Compare(Tell, cancellationToken);
        return new LedgerVerification(records, _differences);
    }

    private void ReadTotals(Database database)
    {
        using Statement rows = database.Prepare("SELECT owner, sku, hour, quantity, records FROM hour_total");
        while (rows.Step())
        {
            HourTotal total = LedgerReader.Total(rows);
            _sums[(total.OwnerKey, total.SkuKey, total.Hour)] = new Sum { Stored = total.Quantity, StoredRecords = total.Records };
        }
    }

    private long ReadRecords(Database database, IndexVerification indexed, long last, int pass, int passes, CancellationToken cancellationToken)
    {
        var uuids = new UuidSet();
        long records = 0;
        using var batches = new BatchCursor(database, 1, last);
        while (batches.Next())
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                records += ReadBatch(batches, indexed, uuids, pass, passes);
            }
            catch (StoreException damage)
            {
                if (pass == 0)
                    Tell(damage.Message);
            }
        }

        return records;
    }

    private long ReadBatch(BatchCursor batches, IndexVerification indexed, UuidSet uuids, int pass, int passes)
    {
        long records = 0;
        BatchReader reader = batches.Read();
        while (reader.Next(out CountedRecord record))
        {
            if ((int)((ulong)(record.Uuid ^ (record.Uuid >> 64)) % (ulong)passes) == pass && !uuids.Add(record.Uuid))
                Tell($"Batch {batches.Number}: the record {RecordUuid.Format(record.Uuid)} is counted a second time.");
            if (pass > 0)
                continue;
            records++;
            indexed.Add(record.Uuid, batches.Number);
            long hour = HourRange.HourOf(record.TimestampUnixNanoseconds);
            if (!_sums.TryGetValue((record.OwnerKey, record.SkuKey, hour), out Sum? sum))
                _sums.Add((record.OwnerKey, record.SkuKey, hour), sum = new Sum());
            sum.Computed += record.Quantity;
            sum.ComputedRecords++;
        }

        return records;
    }

    private void Compare()
    {
        foreach (((int owner, int sku, long hour), Sum sum) in _sums)
        {
            if (sum.Stored == sum.Computed && sum.StoredRecords == sum.ComputedRecords)
                continue;
            DateTimeOffset start = MeteringClock.ToDateTimeOffset(hour * 3_600_000_000_000);
            Tell($"The total of owner {owner}, SKU {sku}, hour {hour} ({start:yyyy-MM-dd HH}:00Z) is "
                + $"{sum.Stored} in {sum.StoredRecords} records, but the records give {sum.Computed} in {sum.ComputedRecords}.");
        }
    }

    private void Tell(string difference)
    {
        if (_differences.Count < DifferencesListed)
            _differences.Add(difference);
    }

    private sealed class Sum
    {
        public Int128 Stored;
        public long StoredRecords;
        public Int128 Computed;
        public long ComputedRecords;
    }
}
