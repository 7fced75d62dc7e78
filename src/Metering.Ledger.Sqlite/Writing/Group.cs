namespace Metering.Ledger.Sqlite;

/// <summary>
/// One group commit: judges the requests in order, stages what they change, and stores it in one transaction. The
/// writer's thread alone uses it, over and over.
/// </summary>
internal sealed class Group : IDisposable
{
    private readonly UuidIndex _index;
    private readonly CommitSignal _commits;
    private readonly BatchWriter _batch = new();
    private readonly GroupTotals _totals;
    private readonly RejectedRows _rejectedRows;
    private readonly GroupRejections _rejections;
    private readonly Statement _begin;
    private readonly Statement _commit;
    private readonly Statement _addBatch;
    private readonly Statement _setClock;
    private readonly Statement _noteClockSet;
    private long _lastBatch;
    private long _highWater;
    private long _latest;
    private int _asked;

    /// <summary>Prepares the statements and takes up where the ledger ended.</summary>
    public Group(Database database, UuidIndex index, RolledUpDays days, RejectedKeeping keeping)
    {
        _index = index;
        _totals = new GroupTotals(database, days);
        _rejectedRows = new RejectedRows(database, keeping);
        _rejections = new GroupRejections(_rejectedRows);
        _begin = database.Prepare("BEGIN IMMEDIATE");
        _commit = database.Prepare("COMMIT");
        _addBatch = database.Prepare("INSERT INTO batch VALUES(?1, ?2, ?3)");
        _setClock = database.Prepare("UPDATE clock SET high_water_unix_nanoseconds = ?1 WHERE id = 1");
        _noteClockSet = database.Prepare("INSERT OR IGNORE INTO clock_set_back VALUES(?1)");
        _lastBatch = database.QueryNumber("SELECT max(number) FROM batch");
        _commits = new CommitSignal(_lastBatch);
        _highWater = database.QueryNumber("SELECT high_water_unix_nanoseconds FROM clock WHERE id = 1");
        _batch.Clear();
    }

    /// <summary>Tells of every batch.</summary>
    public CommitSignal Commits => _commits;

    /// <summary>Latest reading of the clock that is stored.</summary>
    public long HighWaterUnixNanoseconds => Volatile.Read(ref _highWater);

    /// <summary>The rows of rejected records, for changes on the writer's thread.</summary>
    public RejectedRows RejectedRows => _rejectedRows;

    /// <summary>There is nothing to store: no transaction is needed.</summary>
    public bool IsEmpty => _batch.Records == 0 && _totals.IsEmpty;

    /// <summary>Whether the index has room for a group; false when the disk is full.</summary>
    public bool HasRoom() => _index.HasRoom();

    /// <summary>Sets every record's verdict and stages what the requests change. Nothing is stored yet.</summary>
    public void Judge(ReadOnlySpan<UsageWrite> writes)
    {
        LookUp(writes);
        foreach (UsageWrite write in writes)
        {
            if (write.DryRun)
                JudgeOnly(write);
            else
                JudgeAndStage(write);
        }
    }

    /// <summary>Stores what was staged: from BEGIN to COMMIT.</summary>
    public void Store()
    {
        _begin.Run();
        if (_batch.Records > 0)
            _addBatch.Bind(1, _lastBatch + 1).Bind(2, _batch.Records).Bind(3, _batch.Finish(_lastBatch + 1)).Run();
        _totals.Store();
        _rejections.Store();
        if (_latest > _highWater)
            _setClock.Bind(1, _latest).Run();
        _commit.Run();
    }

    /// <summary>Stores another high-water mark, in the caller's transaction on the writer's thread.</summary>
    public void SetHighWater(long unixNanoseconds)
    {
        _setClock.Bind(1, unixNanoseconds).Run();
        if (unixNanoseconds < _highWater && _lastBatch > 0)
            _noteClockSet.Bind(1, _lastBatch).Run();
        Volatile.Write(ref _highWater, unixNanoseconds);
    }

    /// <summary>What was staged is durable.</summary>
    public void Keep()
    {
        if (_batch.Records > 0)
        {
            _index.Keep(++_lastBatch);
            _commits.Committed(_lastBatch);
        }

        Volatile.Write(ref _highWater, Math.Max(_highWater, _latest));
        Clear();
    }

    /// <summary>What was staged was rolled back: it never happened.</summary>
    public void Discard()
    {
        _index.Discard();
        Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _totals.Dispose();
        _rejectedRows.Dispose();
        _begin.Dispose();
        _commit.Dispose();
        _addBatch.Dispose();
        _setClock.Dispose();
        _noteClockSet.Dispose();
    }

    private void Clear()
    {
        _batch.Clear();
        _totals.Clear();
        _rejections.Clear();
        _latest = 0;
    }

    // All of the group's uuids are looked up together; afterwards each is known by its number, in order.
    private void LookUp(ReadOnlySpan<UsageWrite> writes)
    {
        _index.Clear();
        _asked = 0;
        foreach (UsageWrite write in writes)
        {
            foreach (ref UsageRecord record in write.Records)
            {
                if (Ledger.Judge.NeedsLookup(record))
                    _index.Add(record.Uuid);
            }
        }

        _index.Find();
    }

    private void JudgeAndStage(UsageWrite write)
    {
        int accepted = 0, rejected = 0;
        foreach (ref UsageRecord record in write.Records)
        {
            Verdict verdict = Ledger.Judge.Decide(record, isCounted: false);
            if (Ledger.Judge.NeedsLookup(record))
            {
                int number = _asked++;
                if (verdict == Verdict.Accepted ? !_index.TryCount(number, _lastBatch + 1) : _index.BatchOf(number) != 0)
                    verdict = Ledger.Judge.Decide(record, isCounted: true);
            }

            record.Verdict = verdict;
            if (verdict == Verdict.Accepted)
            {
                accepted++;
                _totals.AddAccepted(write.OwnerKey, record);
            }
            else
            {
                _totals.AddRejected(write.OwnerKey, verdict, write.ReceivedUnixNanoseconds);
                rejected += verdict == Verdict.Duplicate ? 0 : 1;
            }
        }

        if (accepted > 0)
            _batch.Add(write, accepted);
        if (rejected > 0)
            _rejections.Add(write, rejected);
        _latest = Math.Max(_latest, write.ReceivedUnixNanoseconds);
    }

    private void JudgeOnly(UsageWrite write)
    {
        Span<UsageRecord> records = write.Records;
        for (int index = 0; index < records.Length; index++)
        {
            ref UsageRecord record = ref records[index];
            bool isCounted = Ledger.Judge.NeedsLookup(record)
                && (_index.BatchOf(_asked++) != 0 || WouldBeCounted(records[..index], record.Uuid));
            record.Verdict = Ledger.Judge.Decide(record, isCounted);
        }
    }

    // A dry run leaves nothing in the index, yet its own earlier records count, as they would in a write.
    private static bool WouldBeCounted(ReadOnlySpan<UsageRecord> earlier, UInt128 uuid)
    {
        foreach (ref readonly UsageRecord record in earlier)
        {
            if (record.Verdict == Verdict.Accepted && record.Uuid == uuid)
                return true;
        }

        return false;
    }
}
