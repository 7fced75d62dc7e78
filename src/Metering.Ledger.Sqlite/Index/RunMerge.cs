namespace Metering.Ledger.Sqlite;

/// <summary>
/// Makes one run of several that follow each other, a step at a time. The run that comes out covers from the first batch
/// of the first to the last batch of the last.
/// </summary>
internal sealed class RunMerge : IDisposable
{
    private readonly RunCursor[] _sources;
    private readonly IndexEntry[] _heads;
    private readonly int[] _order; // the sources that have a head, by its key
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
        _order = new int[runs.Count];
        for (int source = 0; source < runs.Count; source++)
        {
            _sources[source].Next(out _heads[source]); // no run is empty
            Place(source, _live++);
        }
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
            int source = _order[0];
            _writer.Add(_heads[source]);
            for (int place = 1; place < _live; place++)
                _order[place - 1] = _order[place];
            if (_sources[source].Next(out _heads[source]))
                Place(source, _live - 1);
            else
                _live--;
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

    // Into the order of so many others. Comparing upper halves nearly always decides.
    private void Place(int source, int others)
    {
        UInt128 key = _heads[source].Key;
        int place = others;
        for (; place > 0 && _heads[_order[place - 1]].Key > key; place--)
            _order[place] = _order[place - 1];
        _order[place] = source;
    }
}
