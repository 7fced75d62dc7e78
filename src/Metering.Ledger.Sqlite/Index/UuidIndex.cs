namespace Metering.Ledger.Sqlite;

/// <summary>
/// Which uuids were counted, and in which batch: exact, for ever, in bounded memory. The newest are in a table; when it
/// is full it is frozen and becomes a run on disk, while a fresh one takes over. The writer's thread alone uses this.
/// <para>
/// A group's uuids are asked about together: <see cref="Clear"/>, <see cref="Add"/> each, <see cref="Find"/> looks all of
/// them up in the runs; then the verdicts go in order, by the uuids' numbers. What is counted is provisional until
/// <see cref="Keep"/>, called after the group's COMMIT; <see cref="Discard"/> takes it back after a rollback.
/// </para>
/// </summary>
internal sealed class UuidIndex : IDisposable
{
    private const int KeysAhead = 16;

    private readonly SqliteStoreOptions _options;
    private readonly UuidKeys _keys;
    private readonly RunKeeper _keeper;
    private readonly RunSearch _search = new();
    private readonly List<long> _provisional = []; // slots of the table
    private UInt128[] _asked = new UInt128[64];
    private long[] _batches = new long[64]; // of what was asked, as the runs say; 0 for none
    private int _count;
    private KeyTable _recent;
    private KeyTable? _frozen;
    private long _recentFirstBatch;
    private long _lastBatch;
    private Run[] _runs = [];
    private int _runsVersion;

    /// <summary>Takes up the runs that there are; <see cref="IndexReplay"/> adds what they do not cover.</summary>
    public UuidIndex(UuidKeys keys, RunKeeper keeper, SqliteStoreOptions options)
    {
        _keys = keys;
        _keeper = keeper;
        _options = options;
        _recent = NewTable(isSoonFull: false);
        Adopt();
        Missing = MissingIn(_runs);
    }

    /// <summary>Batches that none of these runs covers, in order; the last range is open.</summary>
    public static IReadOnlyList<(long First, long Last)> MissingIn(IEnumerable<Run> runs)
    {
        var missing = new List<(long First, long Last)>();
        long covered = 0;
        foreach (RunHeader run in runs.Select(run => run.Header))
        {
            if (run.FirstBatch > covered + 1)
                missing.Add((covered + 1, run.FirstBatch - 1));
            covered = run.LastBatch;
        }

        missing.Add((covered + 1, long.MaxValue));
        return missing;
    }

    /// <summary>Batches that no run covers, in order; the last range is open.</summary>
    public IReadOnlyList<(long First, long Last)> Missing { get; }

    /// <summary>Uuids in the index, provisional ones included.</summary>
    public long Count => _runs.Sum(run => run.Header.Entries) + (_frozen?.Count ?? 0) + _recent.Count;

    /// <summary>What it takes and does, in numbers.</summary>
    public IndexFigures Figures => new(
        _runs.Length,
        _runs.Sum(run => run.Header.Entries),
        _runs.Sum(run => run.MemoryBytes),
        _runs.Sum(run => run.Header.FileBytes),
        _recent.Bytes + (_frozen?.Bytes ?? 0),
        _search.Searched,
        _search.Found,
        Waits);

    /// <summary>Times that the writer had to wait for a table to be sealed.</summary>
    public long Waits { get; private set; }

    /// <summary>
    /// Makes sure that there is room for a group, freezing the table when it is full; false when the disk is. Between
    /// groups only, when nothing is provisional.
    /// </summary>
    /// <exception cref="StoreException">Sealing failed.</exception>
    public bool HasRoom()
    {
        Adopt();
        if (_recent.Count < _options.IndexRecentUuids)
            return true;
        if (_frozen is not null)
        {
            Waits++;
            if (!_keeper.WaitUntilSealed())
                return false;
            Adopt();
        }

        Freeze();
        return true;
    }

    /// <summary>
    /// Whether durable runs hold every uuid of the batches up to this one; if not, begins to seal what they lack, unless
    /// something is being sealed already. Between groups only, when nothing is provisional.
    /// </summary>
    /// <exception cref="StoreException">Neither the runs nor the memory hold them, which cannot be.</exception>
    public bool IsSealedThrough(long batch)
    {
        Adopt();
        if (_runs.Length > 0 && _runs[^1].Header.LastBatch >= batch)
            return true;
        if (_frozen is not null)
            return false;
        if (_recent.Count == 0)
            throw new StoreException($"The index does not hold the uuids of batch {batch}. Nothing was changed; start the server again.");
        Freeze();
        return false;
    }

    /// <summary>Begins to ask: nothing is asked.</summary>
    public void Clear() => _count = 0;

    /// <summary>Asks about a uuid; its number is how many were asked before.</summary>
    public void Add(UInt128 uuid)
    {
        if (_count == _asked.Length)
        {
            Array.Resize(ref _asked, _count * 2);
            Array.Resize(ref _batches, _count * 2);
        }

        _asked[_count++] = _keys.KeyOf(uuid);
    }

    /// <summary>Looks everything up that was asked.</summary>
    /// <exception cref="StoreException">A run is damaged: without it, a record might be counted twice.</exception>
    public void Find()
    {
        Span<long> batches = _batches.AsSpan(0, _count);
        batches.Clear();
        try
        {
            foreach (Run run in _runs)
                _search.Find(run, _asked.AsSpan(0, _count), batches);
        }
        catch (RunDamageException damage)
        {
            RunFolder.SetAside(damage.Path);
            throw new StoreException(damage.Message, damage);
        }

        _recent.Reserve(_count);
        for (int number = 0; number < Math.Min(KeysAhead, _count); number++)
            Prefetch(number);
    }

    /// <summary>The batch that holds the uuid's record; 0 when it was not counted.</summary>
    public long BatchOf(int number)
    {
        if (number + KeysAhead < _count)
            Prefetch(number + KeysAhead);
        if (_batches[number] != 0)
            return _batches[number];
        long batch = _recent.BatchOf(_asked[number]);
        return batch != 0 || _frozen is null ? batch : _frozen.BatchOf(_asked[number]);
    }

    /// <summary>Counts the uuid, provisionally; false when it was counted before.</summary>
    /// <param name="number">The uuid's number.</param>
    /// <param name="batch">The batch that will hold its record.</param>
    public bool TryCount(int number, long batch)
    {
        if (number + KeysAhead < _count)
            Prefetch(number + KeysAhead);
        UInt128 key = _asked[number];
        if (_batches[number] != 0 || (_frozen is not null && _frozen.BatchOf(key) != 0))
            return false;
        long slot = _recent.Add(key, batch);
        if (slot < 0)
            return false;
        _provisional.Add(slot);
        return true;
    }

    /// <summary>
    /// Sets the batch of every key that is in memory. Those that are not were sealed before this call, if they were counted:
    /// whoever looks at the runs afterwards (<see cref="RunKeeper.Hold"/>) finds them. Between groups only.
    /// </summary>
    public void FindRecent(ReadOnlySpan<UInt128> keys, Span<long> batches)
    {
        for (int number = 0; number < keys.Length; number++)
        {
            long batch = _recent.BatchOf(keys[number]);
            batches[number] = batch != 0 || _frozen is null ? batch : _frozen.BatchOf(keys[number]);
        }
    }

    /// <summary>What was counted since the last call is durable, in this batch.</summary>
    public void Keep(long batch)
    {
        _provisional.Clear();
        _lastBatch = batch;
    }

    /// <summary>What was counted since the last <see cref="Keep"/> never happened: forgets it.</summary>
    public void Discard()
    {
        for (int added = _provisional.Count - 1; added >= 0; added--)
            _recent.TakeBack(_provisional[added]);
        _provisional.Clear();
    }

    /// <summary>What is kept from here on belongs to batches from this one on; the table must be empty.</summary>
    public void BeginAt(long batch)
    {
        _recentFirstBatch = batch;
        _lastBatch = batch - 1;
        _recent.Clear(batch);
    }

    /// <summary>Seals what is in memory; false when the disk is full.</summary>
    /// <exception cref="StoreException">Sealing failed.</exception>
    public bool SealAll()
    {
        if (_frozen is not null && !_keeper.WaitUntilSealed())
            return false;
        Adopt();
        if (_recent.Count == 0)
            return true;
        Freeze();
        bool isSealed = _keeper.WaitUntilSealed();
        Adopt();
        return isSealed;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Run run in _runs)
            run.Release();
        _runs = [];
        _keeper.Stop();
        _recent.Dispose();
        _frozen?.Dispose();
    }

    // The first may stay nearly empty for ever; who needs a second is busy.
    private KeyTable NewTable(bool isSoonFull) =>
        new(_options.IndexRecentUuids + ((long)_options.GroupRequests * Limits.RecordsPerWrite), isSoonFull);

    private void Freeze()
    {
        _frozen = _recent;
        _recent = _keeper.Seal(new SealRequest(_frozen, _recentFirstBatch, _lastBatch)) ?? NewTable(isSoonFull: true);
        BeginAt(_lastBatch + 1);
    }

    // Takes over what the keeper has done meanwhile.
    private void Adopt()
    {
        if (_keeper.Version == _runsVersion)
            return;
        _runs = _keeper.Exchange(_runs, out _runsVersion, out bool isSealed);
        if (!isSealed || _frozen is null)
            return;
        _keeper.GiveBack(_frozen);
        _frozen = null;
    }

    private void Prefetch(int number)
    {
        _recent.Prefetch(_asked[number]);
        _frozen?.Prefetch(_asked[number]);
    }
}
