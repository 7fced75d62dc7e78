namespace Metering.Ledger.Sqlite;

/// <summary>
/// The batches that were archived: those that were dropped are in archives and nowhere else, the others are in the ledger
/// still. The index is made from them when a run of it is lost; without them it would have a hole, and records would be
/// counted twice.
/// </summary>
internal sealed class ArchivedBatches
{
    private readonly Database _database;
    private readonly ArchiveFolder _folder;
    private readonly List<ArchiveNote> _notes;

    /// <summary>Those that the ledger notes.</summary>
    public ArchivedBatches(Database database, ArchiveFolder folder)
        : this(database, folder, ArchiveNote.ReadAll(database))
    {
    }

    private ArchivedBatches(Database database, ArchiveFolder folder, List<ArchiveNote> notes) => (_database, _folder, _notes) = (database, folder, notes);

    /// <summary>The last batch that was archived; 0 when none was.</summary>
    public long LastBatch => _notes.Count == 0 ? 0 : _notes[^1].LastBatch;

    /// <summary>None: of a ledger that cannot tell.</summary>
    public static ArchivedBatches None(Database database, ArchiveFolder folder) => new(database, folder, []);

    /// <summary>Makes sure that every archive that these batches are in, and they alone, is there and whole.</summary>
    /// <param name="ranges">Batches that are needed; those that were never archived, or not dropped yet, are none of it.</param>
    /// <exception cref="StoreException">One is not; the message names each.</exception>
    public void Require(IReadOnlyList<(long First, long Last)> ranges)
    {
        List<string> faults = FaultsIn(ranges);
        if (faults.Count == 0)
            return;
        throw new StoreException(
            $"{_database.Path} cannot be served: a part of its index is missing, and the archives that it can be made from are not all there. "
            + "Without them, records could be counted twice. Nothing was changed. Bring back, and start again: " + string.Join("; ", faults));
    }

    /// <summary>Of the archives that these batches are in, and they alone, those that are not there or not whole, in words.</summary>
    public List<string> FaultsIn(IReadOnlyList<(long First, long Last)> ranges)
    {
        var faults = new List<string>();
        foreach (ArchiveNote note in _notes.Where(note => ranges.Any(range => IsDroppedIn(note, range.First, range.Last))))
        {
            if (ArchiveProof.FaultOf(note, _folder, _database) is { } fault)
                faults.Add(fault);
        }

        return faults;
    }

    /// <summary>The batches of this range that were archived, in order; each source is good until the next.</summary>
    public IEnumerable<IBatches> Between(long first, long last)
    {
        foreach (ArchiveNote note in _notes.Where(note => note.FirstBatch <= last && note.LastBatch >= first))
        {
            if (IsDroppedIn(note, first, last))
            {
                using ArchiveFile archive = ArchiveFile.Open(Path.Combine(_folder.Path, note.File));
                using ArchiveCursor dropped = archive.Batches();
                yield return new BatchRange(dropped, first, Math.Min(last, note.DroppedBatch));
            }

            using var left = new BatchCursor(_database, Math.Max(first, note.DroppedBatch + 1), Math.Min(last, note.LastBatch));
            yield return left;
        }
    }

    private static bool IsDroppedIn(ArchiveNote note, long first, long last) =>
        Math.Max(first, note.FirstBatch) <= Math.Min(last, note.DroppedBatch);

    /// <summary>Those of some batches that are in a range.</summary>
    private sealed class BatchRange(IBatches batches, long first, long last) : IBatches
    {
        public long Number => batches.Number;

        public long Records => batches.Records;

        public ReadOnlySpan<byte> Body => batches.Body;

        public bool Next()
        {
            while (batches.Number < last && batches.Next())
            {
                if (batches.Number >= first)
                    return true;
            }

            return false;
        }

        public BatchReader Read() => batches.Read();

        public void Dispose() => batches.Dispose();
    }
}
