using System.Buffers.Binary;

namespace Metering.Ledger.Sqlite;

/// <summary>Proves that a file is a whole archive: every byte is read, every record decoded, and the sums are made again.</summary>
internal static class ArchiveProof
{
    /// <summary>Proves that the file holds exactly what the ledger does; for one that was just written.</summary>
    /// <param name="archive">The file.</param>
    /// <param name="database">The ledger, with every record still in it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>SHA-256 of the file.</returns>
    /// <exception cref="ArchiveDamageException">It does not.</exception>
    public static byte[] Compare(ArchiveFile archive, Database database, CancellationToken cancellationToken)
    {
        byte[] sha256 = archive.ReadSha256(cancellationToken);
        using var stored = new BatchCursor(database, archive.Header.FirstBatch, archive.Header.LastBatch);
        ReadAll(
            archive,
            batch => stored.Next() && stored.Number == batch.Number && stored.Records == batch.Records && stored.Body.SequenceEqual(batch.Body),
            null,
            cancellationToken);
        return sha256;
    }

    /// <summary>Proves that the file is whole in itself and, if the ledger notes it, the one that the ledger wrote.</summary>
    /// <param name="archive">The file.</param>
    /// <param name="note">The ledger's note of it, if there is one.</param>
    /// <param name="database">The ledger.</param>
    /// <param name="record">Told of each record, with its batch.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>SHA-256 of the file.</returns>
    /// <exception cref="ArchiveDamageException">It is not.</exception>
    public static byte[] Check(
        ArchiveFile archive, ArchiveNote? note, Database database, Action<CountedRecord, long>? record, CancellationToken cancellationToken)
    {
        byte[] sha256 = archive.ReadSha256(cancellationToken);
        if (note is null)
        {
            ReadAll(archive, _ => true, record, cancellationToken);
            return sha256;
        }

        if (!sha256.AsSpan().SequenceEqual(note.Sha256))
            throw archive.Damage($"its checksum (SHA-256) is {ArchiveFolder.Text(sha256)}, but the ledger wrote {ArchiveFolder.Text(note.Sha256)}");
        using Statement row = database.Prepare("SELECT records, substr(body, -4) FROM batch WHERE number = ?1");
        ReadAll(archive, batch => IsStored(row, batch), record, cancellationToken);
        return sha256;
    }

    /// <summary>Why an archive cannot stand for its records: its file is not there, or not what the ledger wrote; null when it can.</summary>
    public static string? FaultOf(ArchiveNote note, ArchiveFolder folder, Database database)
    {
        string path = Path.Combine(folder.Path, note.File);
        if (!File.Exists(path))
            return $"{path} (SHA-256 {ArchiveFolder.Text(note.Sha256)})";
        try
        {
            using ArchiveFile archive = ArchiveFile.Open(path);
            Check(archive, note, database, null, CancellationToken.None);
            return null;
        }
        catch (ArchiveDamageException damage)
        {
            return damage.Message;
        }
    }

    // Number, records and checksum of a batch stay in the ledger for ever.
    private static bool IsStored(Statement row, ArchiveCursor batch)
    {
        try
        {
            return row.Bind(1, batch.Number).Step() && row.Number(0) == batch.Records
                && row.Bytes(1).SequenceEqual(batch.Body[^Math.Min(BatchBody.ChecksumBytes, batch.Body.Length)..]);
        }
        finally
        {
            row.Reset();
        }
    }

    private static void ReadAll(
        ArchiveFile archive, Func<ArchiveCursor, bool> isSame, Action<CountedRecord, long>? tell, CancellationToken cancellationToken)
    {
        ArchiveHeader header = archive.Header;
        archive.ReadNames();
        var totals = new ArchiveTotals();
        using ArchiveCursor batches = archive.Batches();
        long records = 0, first = long.MaxValue, last = long.MinValue;
        while (batches.Next())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!isSame(batches))
                throw archive.Damage($"its batch {batches.Number} is not the one that the ledger knows");
            BatchReader reader = batches.Read();
            for (; Next(archive, ref reader, out CountedRecord record); records++)
            {
                totals.Add(record);
                first = Math.Min(first, record.AcceptedUnixNanoseconds);
                last = Math.Max(last, record.AcceptedUnixNanoseconds);
                tell?.Invoke(record, batches.Number);
            }
        }

        if (records != header.Records || first != header.FirstAccepted || last != header.LastAccepted)
            throw archive.Damage("its records are not those that its header tells of");
        if (!totals.Sorted().SequenceEqual(archive.ReadTotals()))
            throw archive.Damage("its totals are not the sums of its records");
    }

    private static bool Next(ArchiveFile archive, ref BatchReader reader, out CountedRecord record)
    {
        try
        {
            return reader.Next(out record);
        }
        catch (StoreException fault)
        {
            throw archive.Damage(fault.Message);
        }
    }
}
