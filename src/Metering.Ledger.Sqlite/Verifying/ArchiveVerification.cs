namespace Metering.Ledger.Sqlite;

/// <summary>
/// Compares what the ledger keeps of its archives with itself and, where a file is there, with the file: its checksum, its
/// batches and its totals.
/// </summary>
internal sealed class ArchiveVerification(Database database, ArchiveFolder folder, Action<string> tell)
{
    private long _lastBatch;

    /// <summary>The totals that the ledger keeps of an archive. Archives come in order.</summary>
    public List<HourTotal> ReadTotals(ArchiveNote archive)
    {
        if (archive.FirstBatch != _lastBatch + 1)
            tell($"The archive {archive.File} begins with batch {archive.FirstBatch}, but the one before ends with {_lastBatch}.");
        _lastBatch = archive.LastBatch;
        List<HourTotal> totals = ArchiveNote.ReadTotals(database, archive.Number);
        long summed = totals.Sum(total => total.Records);
        long promised = RecordsIn(archive.FirstBatch, archive.LastBatch);
        if (summed != archive.Records || promised != archive.Records)
        {
            tell($"The archive {archive.File} has {archive.Records} records, "
                + $"but its totals in the ledger are of {summed}, and its batches there of {promised}.");
        }

        return totals;
    }

    /// <summary>The same, when they were looked at before.</summary>
    public List<HourTotal> TotalsOf(ArchiveNote archive) => ArchiveNote.ReadTotals(database, archive.Number);

    /// <summary>Whether its file is there.</summary>
    public bool IsPresent(ArchiveNote archive) => folder.Find(archive.File) is not null;

    /// <summary>Records of the batches from one to another.</summary>
    public long RecordsIn(long first, long last)
    {
        using Statement sum = database.Prepare("SELECT sum(records) FROM batch WHERE number BETWEEN ?1 AND ?2").Bind(1, first).Bind(2, last);
        return sum.Step() ? sum.Number(0) : 0;
    }

    /// <summary>Reads an archive's file to its end; false when it is not there, or not what it should be.</summary>
    /// <param name="archive">The note of it.</param>
    /// <param name="record">Told of each record, with its batch.</param>
    /// <param name="isFirst">Tells of differences.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public bool TryRead(ArchiveNote archive, Action<CountedRecord, long> record, bool isFirst, CancellationToken cancellationToken)
    {
        if (folder.Find(archive.File) is not { } path)
            return false;
        try
        {
            using ArchiveFile file = ArchiveFile.Open(path);
            ArchiveProof.Check(file, archive, database, null, cancellationToken); // before any record of it counts
            if (isFirst)
                Compare(archive, file);
            ArchiveProof.Check(file, archive, database, record, cancellationToken);
            return true;
        }
        catch (ArchiveDamageException damage)
        {
            if (isFirst)
                tell(damage.Message);
            return false;
        }
    }

    private void Compare(ArchiveNote archive, ArchiveFile file)
    {
        ArchiveHeader header = file.Header;
        if (!ArchiveNote.ReadTotals(database, archive.Number).SequenceEqual(file.ReadTotals()))
            tell($"The totals of the archive {archive.File} in the ledger are not those of the file.");
        if (archive.FirstBatch != header.FirstBatch || archive.LastBatch != header.LastBatch || archive.Records != header.Records
            || archive.Bytes != header.FileBytes || archive.FirstAccepted != header.FirstAccepted || archive.LastAccepted != header.LastAccepted)
        {
            tell($"What the ledger notes of the archive {archive.File} (batches, records, bytes, times) is not what the file says.");
        }
    }
}
