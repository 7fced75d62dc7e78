using System.Runtime.CompilerServices;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// Proves that the totals are the sums of the records, that no uuid is counted twice, that the roll-ups of days are their hours,
/// and that the index holds what the records say. What does not fit into memory at once is looked at in several passes, each
/// of which compares the totals of one state with the records up to the last batch of that state, so that writing may go on
/// meanwhile, to which it gives way; archiving may not. One at a time.
/// </summary>
internal sealed class Verification(StoreFile file, OpenedIndex index, ArchiveFolder folder, ReadPace pace, SqliteStoreOptions options)
{
    private const int DifferencesListed = 100;
    private const long StretchRecords = 16 * 1024; // of an archive, between two times of giving way

    private readonly List<string> _differences = [];
    private readonly List<string> _absent = [];
    private readonly SortedSet<long> _days = [];

    /// <summary>Reads everything; see <see cref="ILedger.VerifyAsync(IProgress{VerificationProgress}?, CancellationToken)"/>.</summary>
    public LedgerVerification Run(IProgress<VerificationProgress>? progress, CancellationToken cancellationToken)
    {
        using Database database = file.Connect(forWriting: false);
        using BulkReading reading = pace.Begin();
        using var indexed = new IndexVerification(index); // first, so that it is not ahead of the records
        _differences.Clear();
        _absent.Clear();
        _days.Clear();
        List<ArchiveNote> archives = ArchiveNote.ReadAll(database);
        var archived = new ArchiveVerification(database, folder, Tell);
        long lastArchived = archives.Count == 0 ? 0 : archives[^1].LastBatch;
        long promised = database.QueryNumber("SELECT sum(records) FROM batch");
        int passes = (int)Math.Max(
            1, Math.Max(Shares(promised, options.VerificationUuids), Shares(database.QueryNumber("SELECT count(*) FROM hour_total"), options.VerificationTotals)));
        var count = new VerificationCount(progress);
        count.Begin("records", promised * passes);
        long records = 0;
        for (int pass = 0; pass < passes; pass++)
        {
            var looked = new Pass(pass == 0, new UuidPass(pass, passes, Tell), new TotalPass(pass, passes, Tell), count, reading);
            long last = ReadTotals(database, looked);
            foreach (ArchiveNote archive in archives)
                records += ReadArchive(archived, archive, indexed, looked, cancellationToken);
            records += ReadRecords(database, indexed, lastArchived + 1, last, looked, cancellationToken);
            looked.Totals.Compare();
        }

        CheckDays(database, count, reading, cancellationToken);
        count.Begin("index of uuids", promised);
        indexed.Compare(lastArchived, Tell, reading, cancellationToken);
        count.Add(promised);
        return new LedgerVerification(records, [.. _differences]) { AbsentArchives = [.. _absent] };
    }

    private static long Shares(long all, long most) => (all + most - 1) / most;

    // Gives the last batch of the totals' state. Gives way to nobody: while the transaction lasts, the write-ahead log can only grow.
    private long ReadTotals(Database database, Pass pass)
    {
        database.Execute("BEGIN");
        try
        {
            long last = database.QueryNumber("SELECT max(number) FROM batch");
            using Statement rows = database.Prepare("SELECT owner, sku, hour, quantity, records FROM hour_total");
            long lastDay = long.MinValue;
            while (rows.Step())
            {
                HourTotal total = LedgerReader.Total(rows);
                pass.Totals.AddStored(total);
                long day = HourRange.DayOf(total.Hour);
                if (pass.IsFirst && day != lastDay)
                    _days.Add(lastDay = day);
            }

            return last;
        }
        finally
        {
            database.Execute("COMMIT");
        }
    }

    private void CheckDays(Database database, VerificationCount count, BulkReading reading, CancellationToken cancellationToken)
    {
        using (Statement rolledUp = database.Prepare("SELECT DISTINCT day FROM day_total"))
        {
            while (rolledUp.Step())
                _days.Add(rolledUp.Number(0));
        }

        count.Begin("days", _days.Count);
        var days = new DayVerification(database, Tell);
        foreach (long day in _days)
        {
            cancellationToken.ThrowIfCancellationRequested();
            days.Check(day);
            count.Add(1);
            reading.GiveWay(cancellationToken);
        }
    }

    private long ReadArchive(
        ArchiveVerification archived, ArchiveNote archive, IndexVerification indexed, Pass pass, CancellationToken cancellationToken)
    {
        List<HourTotal> totals = pass.IsFirst ? archived.ReadTotals(archive) : archived.TotalsOf(archive);
        foreach (HourTotal total in totals)
            pass.Totals.AddCounted(total.OwnerKey, total.SkuKey, total.Hour, total.Quantity, total.Records);

        long records = 0, read = 0;
        bool isRead = archived.TryRead(archive, Read, pass.IsFirst, cancellationToken);
        if (!isRead && pass.IsFirst)
        {
            if (!archived.IsPresent(archive))
                _absent.Add(archive.File);
            indexed.AddAbsent(archive.FirstBatch, archive.LastBatch, archived.RecordsIn);
        }

        pass.Count.Add(archive.Records);
        return isRead ? records : 0;

        void Read(CountedRecord record, long batch)
        {
            pass.Uuids.Add(record.Uuid, batch);
            if (++read % StretchRecords == 0)
                pass.Reading.GiveWay(cancellationToken);
            if (!pass.IsFirst)
                return;
            indexed.Add(record.Uuid, batch);
            records++;
        }
    }

    private long ReadRecords(
        Database database, IndexVerification indexed, long first, long last, Pass pass, CancellationToken cancellationToken)
    {
        long records = 0, next = first;
        using var batches = new BatchCursor(database, first, last);
        for (; batches.Next(); next = batches.Number + 1)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (batches.Number != next && pass.IsFirst)
                Tell(BatchReader.Damage(next, $"it is missing: the next is batch {batches.Number}").Message);
            try
            {
                records += ReadBatch(batches, indexed, pass);
            }
            catch (StoreException damage)
            {
                if (pass.IsFirst)
                    Tell(damage.Message);
            }

            pass.Count.Add(batches.Records);
            pass.Reading.GiveWay(cancellationToken);
        }

        return records;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a verification is half over before the runtime would have come to it
    private static long ReadBatch(BatchCursor batches, IndexVerification indexed, Pass pass)
    {
        long records = 0;
        BatchReader reader = batches.Read();
        while (reader.Next(out CountedRecord record))
        {
            pass.Uuids.Add(record.Uuid, batches.Number);
            pass.Totals.AddCounted(record.OwnerKey, record.SkuKey, HourRange.HourOf(record.TimestampUnixNanoseconds), record.Quantity, 1);
            if (!pass.IsFirst)
                continue;
            records++;
            indexed.Add(record.Uuid, batches.Number);
        }

        return records;
    }

    private void Tell(string difference)
    {
        if (_differences.Count < DifferencesListed)
            _differences.Add(difference);
    }

    /// <summary>What one pass looks at. The first looks at everything that is not shared out, too.</summary>
    private sealed record Pass(bool IsFirst, UuidPass Uuids, TotalPass Totals, VerificationCount Count, BulkReading Reading);
}
