using System.Runtime.CompilerServices;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// Proves that the totals are the sums of the records, that no uuid is counted twice, that the roll-ups of days are their hours,
/// that the index holds what the records say, and that the rejected records are whole. What does not fit into memory at once is
/// looked at in several passes, each of which compares the totals of one state with the records up to the last batch of that
/// state, so that writing may go on meanwhile, to which it gives way; archiving may not. Made for one run. What cannot be read is
/// a difference like any other, and everything else is looked at all the same.
/// </summary>
internal sealed class Verification(
    Database database, IndexVerification indexed, ArchiveFolder folder, SqliteStoreOptions options, Findings findings, VerificationCount count,
    BulkReading? reading)
{
    private const long StretchRecords = 16 * 1024; // of an archive, between two times of giving way

    private readonly SortedSet<long> _days = [];
    private readonly long _schema = database.QueryNumber("PRAGMA user_version"); // a ledger that no server opened since is older

    /// <summary>Verifies a ledger that is being served.</summary>
    public static LedgerVerification Run(
        StoreFile file, OpenedIndex index, ArchiveFolder folder, ReadPace pace, SqliteStoreOptions options,
        IProgress<VerificationProgress>? progress, CancellationToken cancellationToken)
    {
        using BulkReading reading = pace.Begin();
        using var indexed = new IndexVerification(index.Keys, index.Keeper.Hold()); // first, so that it is not ahead of the records
        using Database database = file.Connect(forWriting: false);
        var findings = new Findings();
        return new Verification(database, indexed, folder, options, findings, new VerificationCount(progress), reading).Run(cancellationToken);
    }

    /// <summary>Reads everything; see <see cref="ILedger.VerifyAsync(IProgress{VerificationProgress}?, CancellationToken)"/>.</summary>
    public LedgerVerification Run(CancellationToken cancellationToken)
    {
        List<ArchiveNote> archives = _schema < Schema.WithArchives ? [] : findings.Try("the list of archives", () => ArchiveNote.ReadAll(database)) ?? [];
        var archived = new ArchiveVerification(database, folder, findings.Tell);
        long lastArchived = archives.Count == 0 ? 0 : archives[^1].LastBatch;
        long promised = findings.Try("the list of batches", () => database.QueryNumber("SELECT sum(records) FROM batch"));
        long totals = findings.Try("the list of totals", () => database.QueryNumber("SELECT count(*) FROM hour_total"));
        int passes = (int)Math.Max(1, Math.Max(Shares(promised, options.VerificationUuids), Shares(totals, options.VerificationTotals)));
        count.Begin("records", promised * passes);
        long records = 0;
        for (int pass = 0; pass < passes; pass++)
        {
            var looked = new Pass(pass == 0, new UuidPass(pass, passes, findings.Tell), new TotalPass(pass, passes, findings.Tell));
            bool areTotalsRead = ReadTotals(looked, out long last);
            foreach (ArchiveNote archive in archives)
                records += findings.Try($"what is kept of the archive {archive.File}", () => ReadArchive(archived, archive, looked, cancellationToken));
            records += ReadRecords(lastArchived + 1, last, looked, cancellationToken);
            if (areTotalsRead)
                looked.Totals.Compare();
        }

        if (_schema >= Schema.WithDays)
            CheckDays(cancellationToken);
        count.Begin("index of uuids", promised);
        indexed.Compare(lastArchived, findings.Tell, reading, cancellationToken);
        count.Add(promised);
        if (_schema >= Schema.WithRejectedRecords)
            new RejectedVerification(database, options.VerificationTotals, findings, count).Run(cancellationToken);
        return findings.Of(records);
    }

    private static long Shares(long all, long most) => (all + most - 1) / most;

    // Gives the last batch of the totals' state too, and whether all of them could be read. Gives way to nobody: while the
    // transaction lasts, the write-ahead log can only grow.
    private bool ReadTotals(Pass pass, out long last)
    {
        long lastOfState = 0;
        bool areRead = false;
        findings.TryInOneState(database, "the totals by the hour", () =>
        {
            lastOfState = database.QueryNumber("SELECT max(number) FROM batch");
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

            areRead = true;
        });
        last = lastOfState;
        return areRead;
    }

    private void CheckDays(CancellationToken cancellationToken)
    {
        findings.Try("the totals by the day", () =>
        {
            using Statement rolledUp = database.Prepare("SELECT DISTINCT day FROM day_total");
            while (rolledUp.Step())
                _days.Add(rolledUp.Number(0));
        });
        count.Begin("days", _days.Count);
        var days = new DayVerification(database, findings);
        foreach (long day in _days)
        {
            cancellationToken.ThrowIfCancellationRequested();
            days.Check(day);
            count.Add(1);
            reading?.GiveWay(cancellationToken);
        }
    }

    private long ReadArchive(ArchiveVerification archived, ArchiveNote archive, Pass pass, CancellationToken cancellationToken)
    {
        List<HourTotal> totals = pass.IsFirst ? archived.ReadTotals(archive) : archived.TotalsOf(archive);
        foreach (HourTotal total in totals)
            pass.Totals.AddCounted(total.OwnerKey, total.SkuKey, total.Hour, total.Quantity, total.Records);

        long records = 0, read = 0;
        bool isRead = archived.TryRead(archive, Read, pass.IsFirst, cancellationToken);
        if (!isRead && pass.IsFirst)
        {
            if (!archived.IsPresent(archive))
                findings.Miss(archive.File);
            indexed.AddAbsent(archive.FirstBatch, archive.LastBatch, archived.RecordsIn);
        }

        count.Add(archive.Records);
        return isRead ? records : 0;

        void Read(CountedRecord record, long batch)
        {
            pass.Uuids.Add(record.Uuid, batch);
            if (++read % StretchRecords == 0)
                reading?.GiveWay(cancellationToken);
            if (!pass.IsFirst)
                return;
            indexed.Add(record.Uuid, batch);
            records++;
        }
    }

    private long ReadRecords(long first, long last, Pass pass, CancellationToken cancellationToken)
    {
        long records = 0, next = first;
        using var batches = new BatchCursor(database, first, last);
        for (; Next(batches, pass); next = batches.Number + 1)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (batches.Number != next && pass.IsFirst)
                findings.Tell(BatchReader.Damage(next, $"it is missing: the next is batch {batches.Number}").Message);
            try
            {
                records += ReadBatch(batches, pass);
            }
            catch (StoreException damage)
            {
                if (pass.IsFirst)
                    findings.Tell(damage.Message);
            }

            count.Add(batches.Records);
            reading?.GiveWay(cancellationToken);
        }

        return records;
    }

    // A page that is damaged takes all of its batches with it, and hides none of the others.
    private bool Next(BatchCursor batches, Pass pass)
    {
        long? unreadable = null;
        StoreException? damage = null;
        while (true)
        {
            try
            {
                bool isNext = batches.Next();
                if (damage is not null && pass.IsFirst)
                    findings.Tell($"{damage.Message} Batches {unreadable} to {(isNext ? batches.Number : batches.Following) - 1} cannot be read.");
                return isNext;
            }
            catch (StoreException fault)
            {
                unreadable ??= batches.Following;
                damage ??= fault;
                if (!batches.SkipUnreadable())
                    return Tell(batches);
            }
        }

        bool Tell(BatchCursor all)
        {
            if (pass.IsFirst)
                findings.Tell($"{damage!.Message} Batches {unreadable} to {all.Following - 1} cannot be read.");
            return false;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a verification is half over before the runtime would have come to it
    private long ReadBatch(BatchCursor batches, Pass pass)
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

    /// <summary>What one pass looks at. The first looks at everything that is not shared out, too.</summary>
    private sealed record Pass(bool IsFirst, UuidPass Uuids, TotalPass Totals);
}
