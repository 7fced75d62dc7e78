namespace Metering.Ledger.Sqlite;

/// <summary>
/// Proves that the totals are the sums of the records, that no uuid is counted twice, and that the index holds what the
/// records say. It compares the totals of one state with the records up to the last batch of that state, so that writing
/// may go on meanwhile; archiving may not. One at a time.
/// </summary>
internal sealed class Verification(StoreFile file, OpenedIndex index, ArchiveFolder folder, long uuidsPerPass)
{
    private const int DifferencesListed = 100;

    private readonly List<string> _differences = [];
    private readonly List<string> _absent = [];
    private readonly Dictionary<(int Owner, int Sku, long Hour), Sum> _sums = [];

    /// <summary>Reads everything; see <see cref="ILedger.VerifyAsync"/>.</summary>
    public LedgerVerification Run(CancellationToken cancellationToken)
    {
        using Database database = file.Connect(forWriting: false);
        using var indexed = new IndexVerification(index); // first, so that it is not ahead of the records
        _differences.Clear();
        _absent.Clear();
        _sums.Clear();
        database.Execute("BEGIN");
        long last = database.QueryNumber("SELECT max(number) FROM batch");
        long promised = database.QueryNumber("SELECT sum(records) FROM batch");
        ReadTotals(database);
        database.Execute("COMMIT");
        List<ArchiveNote> archives = ArchiveNote.ReadAll(database);
        var archived = new ArchiveVerification(database, folder, Tell);

        // So many uuids do not fit into memory at once: each pass looks at a part of them.
        long lastArchived = archives.Count == 0 ? 0 : archives[^1].LastBatch;
        int passes = (int)Math.Max(1, (promised + uuidsPerPass - 1) / uuidsPerPass);
        long records = 0;
        for (int pass = 0; pass < passes; pass++)
        {
            var uuids = new UuidPass(pass, passes, Tell);
            foreach (ArchiveNote archive in archives)
                records += ReadArchive(archived, archive, indexed, uuids, cancellationToken);
            records += ReadRecords(database, indexed, lastArchived + 1, last, uuids, cancellationToken);
        }

        Compare();
        indexed.Compare(lastArchived, Tell, cancellationToken);
        return new LedgerVerification(records, [.. _differences]) { AbsentArchives = [.. _absent] };
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

    private long ReadArchive(
        ArchiveVerification archived, ArchiveNote archive, IndexVerification indexed, UuidPass uuids, CancellationToken cancellationToken)
    {
        if (uuids.IsFirst)
        {
            foreach (HourTotal total in archived.ReadTotals(archive))
                SumOf(total.OwnerKey, total.SkuKey, total.Hour).Add(total.Quantity, total.Records);
        }

        long records = 0;
        bool isRead = archived.TryRead(archive, Read, uuids.IsFirst, cancellationToken);
        if (!isRead && uuids.IsFirst)
        {
            if (!archived.IsPresent(archive))
                _absent.Add(archive.File);
            indexed.AddAbsent(archive.FirstBatch, archive.LastBatch, archived.RecordsIn);
        }

        return isRead ? records : 0;

        void Read(CountedRecord record, long batch)
        {
            uuids.Add(record.Uuid, batch);
            if (!uuids.IsFirst)
                return;
            indexed.Add(record.Uuid, batch);
            records++;
        }
    }

    private long ReadRecords(
        Database database, IndexVerification indexed, long first, long last, UuidPass uuids, CancellationToken cancellationToken)
    {
        long records = 0, next = first;
        using var batches = new BatchCursor(database, first, last);
        for (; batches.Next(); next = batches.Number + 1)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (batches.Number != next && uuids.IsFirst)
                Tell(BatchReader.Damage(next, $"it is missing: the next is batch {batches.Number}").Message);
            try
            {
                records += ReadBatch(batches, indexed, uuids);
            }
            catch (StoreException damage)
            {
                if (uuids.IsFirst)
                    Tell(damage.Message);
            }
        }

        return records;
    }

    private long ReadBatch(BatchCursor batches, IndexVerification indexed, UuidPass uuids)
    {
        long records = 0;
        BatchReader reader = batches.Read();
        while (reader.Next(out CountedRecord record))
        {
            uuids.Add(record.Uuid, batches.Number);
            if (!uuids.IsFirst)
                continue;
            records++;
            indexed.Add(record.Uuid, batches.Number);
            SumOf(record.OwnerKey, record.SkuKey, HourRange.HourOf(record.TimestampUnixNanoseconds)).Add(record.Quantity, 1);
        }

        return records;
    }

    private Sum SumOf(int owner, int sku, long hour)
    {
        if (!_sums.TryGetValue((owner, sku, hour), out Sum? sum))
            _sums.Add((owner, sku, hour), sum = new Sum());
        return sum;
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

        public void Add(Int128 quantity, long records)
        {
            Computed += quantity;
            ComputedRecords += records;
        }
    }
}
