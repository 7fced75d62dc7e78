namespace Metering.Ledger.Sqlite;

/// <summary>
/// Makes one run of several that follow each other, a step at a time. The run that comes out covers from the first batch
/// of the first to the last batch of the last.
/// </summary>
internal sealed class RunMerge : IDisposable
{
    private readonly RunCursor[] _sources;
    private readonly IndexEntry[] _heads;
    private readonly ulong[] _uppers; // of the heads' keys: they nearly always decide
    private readonly RunWriter _writer;
    private int _live;

    /// <summary>Begins; the runs are held until the merge is disposed.</summary>
    public RunMerge(RunFolder folder, IReadOnlyList<Run> runs)
    {
        for (int place = 1; place < runs.Count; place++)
        {
            if (runs[place].Header.FirstBatch != runs[place - 1].Header.LastBatch + 1)
                throw new InvalidDataException("runs of the index that do not follow each other cannot become one");
        }

        Runs = runs;
        Entries = runs.Sum(run => run.Header.Entries);
        RunHeader last = runs[^1].Header;
        _writer = folder.Write(last with { FirstBatch = runs[0].Header.FirstBatch, Entries = Entries });
        foreach (Run run in runs)
            run.Retain();
        _sources = [.. runs.Select(run => new RunCursor(run))];
        _heads = new IndexEntry[runs.Count];
        _uppers = new ulong[runs.Count];
        _live = runs.Count;
        for (int source = _live - 1; source >= 0; source--)
            Advance(source);
    }

    /// <summary>What is merged, oldest first.</summary>
    public IReadOnlyList<Run> Runs { get; }

    /// <summary>Entries in all of them.</summary>
    public long Entries { get; }

    /// <summary>Merges up to so many entries; false when there are no more.</summary>
    /// <exception cref="RunDamageException">One of the runs is damaged.</exception>
    public bool Step(int entries)
    {
        for (; entries > 0 && _live > 0; entries--)
        {
            int least = Least();
            _writer.Add(_heads[least]);
            Advance(least);
        }

        return _live > 0;
    }

    /// <summary>The whole run, durable and named.</summary>
    public Run Finish(Action<IndexStep>? reached) => _writer.Finish(reached);

    /// <inheritdoc/>
    public void Dispose()
    {
        _writer.Dispose();
        foreach (Run run in Runs)
            run.Release();
    }

    private int Least()
    {
        ulong[] uppers = _uppers;
        int least = 0;
        ulong upper = uppers[0];
        for (int source = 1; source < _live; source++)
        {
            if (uppers[source] > upper || (uppers[source] == upper && _heads[source].Key > _heads[least].Key))
                continue;
            (least, upper) = (source, uppers[source]);
        }

        return least;
    }

    private void Advance(int source)
    {
        if (!_sources[source].Next(out _heads[source]))
        {
            _live--;
            (_sources[source], _heads[source]) = (_sources[_live], _heads[_live]);
        }

        _uppers[source] = (ulong)(_heads[source].Key >> 64);
    }
}
