namespace Metering.Ledger.Sqlite;

/// <summary>
/// Proves that each run of the index holds exactly the uuids of the batches that it covers, each with its batch. Both
/// sides are added up in one pass, as a number of pairs and a sum of their keyed hashes, in 128 bits: equal sums of
/// different pairs are as good as impossible. What the index keeps in memory was made from the batches by this process,
/// and is not looked at.
/// </summary>
internal sealed class IndexVerification : IDisposable
{
    private static readonly UInt128 BatchFactor = new(0x9E37_79B9_7F4A_7C15, 0xF39C_C060_5CED_C835);
    private static readonly UInt128 HashFactor = new(0xC2B2_AE3D_27D4_EB4F, 0x1656_67B1_9E37_79F9);

    private const long StretchEntries = 64 * 1024; // between two times of giving way

    private readonly UuidKeys _keys;
    private readonly Run[] _runs;
    private readonly Sum[] _records;
    private readonly List<(long First, long Last)> _absent = [];
    private int _current;

    /// <summary>Takes over the runs, which it releases; the state of the ledger that is verified must be read after they were found.</summary>
    /// <param name="keys">The keys of the ledger.</param>
    /// <param name="runs">Its runs, in order.</param>
    public IndexVerification(UuidKeys keys, Run[] runs)
    {
        _keys = keys;
        _runs = runs;
        _records = new Sum[_runs.Length];
    }

    /// <summary>Adds a stored record. Batches come in order.</summary>
    public void Add(UInt128 uuid, long batch)
    {
        while (_current < _runs.Length && batch > _runs[_current].Header.LastBatch)
            _current++;
        if (_current < _runs.Length && batch >= _runs[_current].Header.FirstBatch)
            _records[_current].Add(new IndexEntry(_keys.KeyOf(uuid), batch));
    }

    /// <summary>Adds batches whose records are not there: only how many they were can be compared.</summary>
    /// <param name="first">The first batch.</param>
    /// <param name="last">The last batch.</param>
    /// <param name="recordsIn">How many records some of the batches have, from one to another.</param>
    public void AddAbsent(long first, long last, Func<long, long, long> recordsIn)
    {
        _absent.Add((first, last));
        for (int place = 0; place < _runs.Length; place++)
        {
            RunHeader run = _runs[place].Header;
            (long from, long to) = (Math.Max(first, run.FirstBatch), Math.Min(last, run.LastBatch));
            if (from <= to)
                _records[place].Count += recordsIn(from, to);
        }
    }

    /// <summary>Reads the runs and compares, once every record was added.</summary>
    /// <param name="lastArchived">The last batch that was archived: what covers it cannot be made again from the ledger alone.</param>
    /// <param name="tell">Told of each difference.</param>
    /// <param name="reading">Gives way to writes; null where there are none.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public void Compare(long lastArchived, Action<string> tell, BulkReading? reading, CancellationToken cancellationToken)
    {
        for (int place = 0; place < _runs.Length; place++)
        {
            Run run = _runs[place];
            string? difference;
            try
            {
                difference = Differs(run, _records[place], reading, cancellationToken);
            }
            catch (RunDamageException damage)
            {
                difference = damage.Message;
            }

            if (difference is null)
                continue;
            string first = run.Header.FirstBatch <= lastArchived ? "bring the archives of these batches back, then " : string.Empty;
            tell($"Index of batches {run.Header.FirstBatch} to {run.Header.LastBatch}: {difference} "
                + $"To make it again, {first}stop the server, delete {run.Path} and start.");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Run run in _runs)
            run.Release();
    }

    private string? Differs(Run run, Sum records, BulkReading? reading, CancellationToken cancellationToken)
    {
        var sum = new Sum();
        long unfiltered = 0;
        var entries = new RunCursor(run);
        for (long read = 0; entries.Next(out IndexEntry entry); read++)
        {
            if (read % StretchEntries == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                reading?.GiveWay(cancellationToken);
            }

            if (_absent.Exists(batches => entry.Batch >= batches.First && entry.Batch <= batches.Last))
                sum.Count++;
            else
                sum.Add(entry);
            if (!run.Filter.MayContain((ulong)(entry.Key >> 64)))
                unfiltered++;
        }

        return sum.Count != records.Count ? $"it holds {sum.Count} uuids, but the batches hold {records.Count}."
            : sum.Hashes != records.Hashes ? "it holds other uuids than the batches, or with other batches."
            : unfiltered > 0 ? $"its filter denies {unfiltered} of its uuids."
            : null;
    }

    private struct Sum
    {
        public long Count;
        public UInt128 Hashes;

        public void Add(IndexEntry entry)
        {
            UInt128 hash = (entry.Key ^ ((UInt128)entry.Batch * BatchFactor)) * HashFactor;
            hash ^= hash >> 64;
            Hashes += hash * HashFactor;
            Count++;
        }
    }
}
