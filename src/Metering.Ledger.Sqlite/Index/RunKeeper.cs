using System.Diagnostics;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// Seals full tables into runs and merges runs, on a thread of its own beside the writer. A table that waits goes before
/// everything; merging goes on in short steps with pauses between them, the smallest merge first, so that runs stay few
/// and the writer's disk and processor stay its own.
/// </summary>
internal sealed class RunKeeper
{
    private const int StepEntries = 32 * 1024;
    private const int CrowdedFanIns = 3; // with so many times the fan-in of runs, merging pauses no more

    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    private readonly RunFolder _folder;
    private readonly SqliteStoreOptions _options;
    private readonly Func<long, uint?> _checksumOf;
    private readonly Thread _thread;
    private readonly List<RunMerge> _merges = []; // the keeper's thread alone
    private long _mergeAgainAt;

    // The bell guards everything from here on.
    private readonly object _bell = new();
    private readonly List<Run> _runs;
    private readonly List<Run> _retired = [];
    private SealRequest? _request;
    private KeyTable? _spare;
    private KeyTable? _used;
    private StoreException? _failure;
    private Action<string>? _failed;
    private Action<string>? _notice;
    private bool _isFull;
    private bool _isStopping;
    private int _version;

    /// <summary>Takes over the runs; <see cref="Start"/> begins.</summary>
    /// <param name="folder">Where runs are.</param>
    /// <param name="runs">Those that there are, in order.</param>
    /// <param name="options">Sizes.</param>
    /// <param name="checksumOf">The checksum that a batch of the ledger carries.</param>
    public RunKeeper(RunFolder folder, List<Run> runs, SqliteStoreOptions options, Func<long, uint?> checksumOf)
    {
        _folder = folder;
        _runs = runs;
        _options = options;
        _checksumOf = checksumOf;
        _version = 1;
        _thread = new Thread(Work) { Name = "metering ledger index", IsBackground = true };
    }

    /// <summary>Changes whenever the runs do, or a table was sealed.</summary>
    public int Version => Volatile.Read(ref _version);

    /// <summary>Starts the thread.</summary>
    public void Start() => _thread.Start();

    /// <summary>Says whom to tell.</summary>
    /// <param name="notice">What an operator should know.</param>
    /// <param name="failed">That sealing or merging failed, now or before, in a way that the store must not outlive.</param>
    public void Listen(Action<string> notice, Action<string> failed)
    {
        string? failure;
        lock (_bell)
        {
            (_notice, _failed) = (notice, failed);
            failure = _failure?.Message;
        }

        if (failure is not null)
            failed(failure);
    }

    /// <summary>The runs as they are now, held for the caller, who gives back those from before.</summary>
    /// <param name="before">What the caller held.</param>
    /// <param name="version">The version of what it gets.</param>
    /// <param name="isSealed">Nothing waits for being sealed.</param>
    public Run[] Exchange(Run[] before, out int version, out bool isSealed)
    {
        lock (_bell)
        {
            _retired.AddRange(before);
            Monitor.PulseAll(_bell);
            version = _version;
            isSealed = _request is null;
            return Hold();
        }
    }

    /// <summary>The runs as they are now, in order, held for the caller, who releases each.</summary>
    public Run[] Hold()
    {
        lock (_bell)
        {
            foreach (Run run in _runs)
                run.Retain();
            return [.. _runs];
        }
    }

    /// <summary>Hands a table over; none may be waiting.</summary>
    /// <param name="request">The table, which nobody may change any more.</param>
    /// <returns>An empty table, when there is one.</returns>
    public KeyTable? Seal(SealRequest request)
    {
        lock (_bell)
        {
            Debug.Assert(_request is null);
            _request = request;
            KeyTable? spare = _spare;
            _spare = null;
            Monitor.PulseAll(_bell);
            return spare;
        }
    }

    /// <summary>Waits until no table waits any more; false when it cannot be sealed: the disk is full, or the keeper stops.</summary>
    /// <exception cref="StoreException">Sealing failed.</exception>
    public bool WaitUntilSealed()
    {
        lock (_bell)
        {
            while (_request is not null && !_isFull && _failure is null && !_isStopping)
                Monitor.Wait(_bell);
            return _failure is null ? _request is null : throw new StoreException(_failure.Message, _failure);
        }
    }

    /// <summary>Gives a table back that was sealed and that nobody reads any more.</summary>
    public void GiveBack(KeyTable table)
    {
        lock (_bell)
        {
            _used?.Dispose();
            _used = table;
            Monitor.PulseAll(_bell);
        }
    }

    /// <summary>Ends the thread and closes the runs that nobody else holds.</summary>
    public void Stop()
    {
        lock (_bell)
        {
            _isStopping = true;
            Monitor.PulseAll(_bell);
        }

        if (_thread.IsAlive)
            _thread.Join();
        lock (_bell)
        {
            foreach (Run run in _runs.Concat(_retired))
                run.Release();
            _runs.Clear();
            _retired.Clear();
        }

        _spare?.Dispose();
        _used?.Dispose();
    }

    private void Work()
    {
        try
        {
            while (!IsStopping())
            {
                if (!Tidy() && !SealWhatWaits() && !MergeAStep())
                    Pause(Stopwatch.GetTimestamp() < _mergeAgainAt ? Retry : Timeout.InfiniteTimeSpan);
            }
        }
        catch (RunDamageException damage)
        {
            RunFolder.SetAside(damage.Path);
            Fail(new StoreException(damage.Message, damage));
        }
        catch (Exception fault)
        {
            Fail(new StoreException($"The index {_folder.Path} failed: {fault.Message} Check the disk and start the server again.", fault));
        }

        foreach (RunMerge merge in _merges)
            merge.Dispose();
    }

    private void Fail(StoreException failure)
    {
        Action<string>? failed;
        lock (_bell)
        {
            _failure = failure;
            failed = _failed;
            Monitor.PulseAll(_bell);
        }

        failed?.Invoke(failure.Message);
    }

    private bool IsStopping()
    {
        lock (_bell)
            return _isStopping;
    }

    // Returns when the time is over, or there is news.
    private void Pause(TimeSpan longest)
    {
        lock (_bell)
        {
            if (!_isStopping && (_request is null || _isFull) && _used is null && _retired.Count == 0)
                Monitor.Wait(_bell, longest);
        }
    }

    private bool Tidy()
    {
        KeyTable? used;
        List<Run> retired;
        lock (_bell)
        {
            (used, _used) = (_used, null);
            retired = [.. _retired];
            _retired.Clear();
        }

        foreach (Run run in retired)
            run.Release();
        if (used is null)
            return false;
        used.Clear(0);
        lock (_bell)
        {
            _spare?.Dispose();
            _spare = used;
        }

        return true;
    }

    private bool SealWhatWaits()
    {
        SealRequest? request;
        lock (_bell)
            request = _request;
        if (request is null)
            return false;
        try
        {
            Run run = Seal(request.Table, request.FirstBatch, request.LastBatch);
            lock (_bell)
            {
                int place = _runs.FindIndex(other => other.Header.FirstBatch > run.Header.FirstBatch);
                _runs.Insert(place < 0 ? _runs.Count : place, run);
                _request = null;
                Publish();
            }

            Reached(IndexStep.Used);
        }
        catch (IOException fault) when (DiskSpace.IsFull(fault))
        {
            TellFull(true);
            Pause(Retry);
            return true;
        }

        TellFull(false);
        return true;
    }

    private Run Seal(KeyTable table, long firstBatch, long lastBatch)
    {
        var header = new RunHeader(default, firstBatch, lastBatch, _checksumOf(lastBatch) ?? 0, table.Count);
        using RunWriter writer = _folder.Write(header);
        ISortedEntries entries = table.Sorted();
        while (entries.Next(out IndexEntry entry))
            writer.Add(entry);
        return writer.Finish(Reached);
    }

    // The caller has the bell.
    private void Publish()
    {
        Volatile.Write(ref _version, _version + 1);
        Monitor.PulseAll(_bell);
    }

    private bool MergeAStep()
    {
        if (Stopwatch.GetTimestamp() < _mergeAgainAt)
            return false;
        long startedAt = Stopwatch.GetTimestamp();
        RunMerge? merge = null;
        try
        {
            StartMerge();
            merge = _merges.MinBy(other => other.Entries);
            if (merge is null)
                return false;
            if (!merge.Step(StepEntries))
                Replace(merge);
        }
        catch (IOException fault) when (DiskSpace.IsFull(fault))
        {
            // More runs than there should be, until there is space: look-ups take longer, and that is all.
            if (merge is not null)
                _merges.Remove(merge);
            merge?.Dispose();
            PostponeMerging();
            return true;
        }

        if (!IsCrowded())
            Pause(Stopwatch.GetElapsedTime(startedAt) + TimeSpan.FromMilliseconds(1));
        return true;
    }

    private void StartMerge()
    {
        // Nothing stands where batches are missing (while an index is made again): no run may claim to cover them.
        var places = new List<Run?>();
        lock (_bell)
        {
            foreach (Run run in _runs)
            {
                if (places.Count > 0 && places[^1]!.Header.LastBatch + 1 != run.Header.FirstBatch)
                    places.Add(null);
                places.Add(run);
            }
        }

        long[] entries = [.. places.Select(run => run is null || _merges.Exists(merge => merge.Runs.Contains(run)) ? 0 : run.Header.Entries)];
        int first = MergePolicy.Choose(entries, _options.IndexFanIn, _options.IndexRecentUuids);
        if (first < 0)
            return;
        Run[] runs = [.. places.GetRange(first, _options.IndexFanIn).Select(run => run!)];
        if (HasSpaceFor(runs))
            _merges.Add(new RunMerge(_folder, runs));
        else
            PostponeMerging();
    }

    // Old and new files are there together for a while. That must not be what makes the disk too full for records.
    private bool HasSpaceFor(Run[] runs) => _options.FreeDiskBytes == 0
        || new DriveInfo(_folder.Path).AvailableFreeSpace - runs.Sum(run => run.Header.FileBytes) > _options.FreeDiskBytes;

    private void PostponeMerging() => _mergeAgainAt = Stopwatch.GetTimestamp() + (Stopwatch.Frequency * (long)Retry.TotalSeconds);

    private void Replace(RunMerge merge)
    {
        Run merged = merge.Finish(Reached);
        lock (_bell)
        {
            int place = _runs.IndexOf(merge.Runs[0]);
            _runs.RemoveRange(place, merge.Runs.Count);
            _runs.Insert(place, merged);
            _retired.AddRange(merge.Runs);
            Publish();
        }

        Reached(IndexStep.Used);
        _merges.Remove(merge);
        foreach (Run run in merge.Runs)
        {
            run.Delete();
            Reached(IndexStep.Deleted);
        }

        merge.Dispose();
    }

    private bool IsCrowded()
    {
        lock (_bell)
            return _runs.Count > _options.IndexFanIn * CrowdedFanIns;
    }

    private void TellFull(bool isFull)
    {
        Action<string>? notice;
        lock (_bell)
        {
            notice = isFull && !_isFull ? _notice : null;
            _isFull = isFull;
            Monitor.PulseAll(_bell);
        }

        notice?.Invoke($"The index {_folder.Path} cannot be sealed: the disk is full. Writes are refused once it has no room in memory.");
    }

    private void Reached(IndexStep step) => _options.IndexStepReached?.Invoke(step);
}
