using System.Buffers.Binary;

namespace Metering.Ledger.Sqlite;

/// <summary>What the ledger keeps of an archive. Its batches are in the ledger no more, even while some still take space there.</summary>
/// <param name="Number">Archives count from 1.</param>
/// <param name="File">Name of its file.</param>
/// <param name="FirstBatch">Its first batch; the one after the last of the archive before.</param>
/// <param name="LastBatch">Its last batch.</param>
/// <param name="DroppedBatch">The last batch of which only the checksum is left.</param>
/// <param name="Records">Records in it.</param>
/// <param name="Bytes">Length of the file.</param>
/// <param name="FirstAccepted">When the first record was accepted, in nanoseconds since 1970.</param>
/// <param name="LastAccepted">When the last one was.</param>
/// <param name="Sha256">SHA-256 of the file.</param>
internal sealed record ArchiveNote(
    long Number, string File, long FirstBatch, long LastBatch, long DroppedBatch, long Records, long Bytes, long FirstAccepted,
    long LastAccepted, byte[] Sha256)
{
    private const int DropBatches = 2_000; // in one transaction: small ones take time, too

    /// <summary>The last batch that was archived; 0 when none was.</summary>
    public static long LastArchived(Database database) => database.QueryNumber("SELECT max(last_batch) FROM archive");

    /// <summary>Every archive, oldest first.</summary>
    public static List<ArchiveNote> ReadAll(Database database)
    {
        using Statement rows = database.Prepare("""
            SELECT number, file, first_batch, last_batch, dropped_batch, records, bytes,
              first_accepted_unix_nanoseconds, last_accepted_unix_nanoseconds, sha256
            FROM archive ORDER BY number
            """);
        var notes = new List<ArchiveNote>();
        while (rows.Step())
        {
            notes.Add(new ArchiveNote(
                rows.Number(0), rows.Text(1), rows.Number(2), rows.Number(3), rows.Number(4), rows.Number(5), rows.Number(6), rows.Number(7),
                rows.Number(8), rows.Bytes(9).ToArray()));
        }

        return notes;
    }

    /// <summary>The totals of an archive's records.</summary>
    public static List<HourTotal> ReadTotals(Database database, long archive)
    {
        using Statement rows = database.Prepare(
            "SELECT owner, sku, hour, quantity, records FROM archived_total WHERE archive = ?1 ORDER BY owner, sku, hour").Bind(1, archive);
        var totals = new List<HourTotal>();
        while (rows.Step())
            totals.Add(LedgerReader.Total(rows));
        return totals;
    }

    /// <summary>Adds some of the totals; without their archive they mean nothing yet. In a transaction.</summary>
    public static void AddTotals(Database database, long archive, ReadOnlySpan<HourTotal> totals)
    {
        Span<byte> quantity = stackalloc byte[16];
        using Statement add = database.Prepare("INSERT INTO archived_total VALUES(?1, ?2, ?3, ?4, ?5, ?6)");
        foreach (HourTotal total in totals)
        {
            BinaryPrimitives.WriteInt128BigEndian(quantity, total.Quantity);
            add.Bind(1, archive).Bind(2, total.OwnerKey).Bind(3, total.SkuKey).Bind(4, total.Hour).Bind(5, quantity).Bind(6, total.Records).Run();
        }
    }

    /// <summary>Drops totals of an archive that was never finished. In a transaction.</summary>
    public static void DropUnfinishedTotals(Database database) =>
        database.Execute("DELETE FROM archived_total WHERE archive > (SELECT coalesce(max(number), 0) FROM archive)");

    /// <summary>Adds the archive: the moment from which its records are in it alone. In a transaction.</summary>
    public void Add(Database database)
    {
        using Statement add = database.Prepare("INSERT INTO archive VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
        add.Bind(1, Number).Bind(2, File).Bind(3, FirstBatch).Bind(4, LastBatch).Bind(5, DroppedBatch).Bind(6, Records).Bind(7, Bytes)
            .Bind(8, FirstAccepted).Bind(9, LastAccepted).Bind(10, Sha256).Run();
    }

    /// <summary>
    /// Drops the next records from the ledger's file. Number, records and checksum of each batch stay. In a transaction.
    /// </summary>
    /// <remarks>
    /// Rows are deleted and added anew: shortened where they are, small ones would leave every page as it is, nearly empty,
    /// and none would become free.
    /// </remarks>
    public ArchiveNote DropSome(Database database)
    {
        var left = new List<(long Number, long Records, byte[] Checksum)>();
        using (Statement rows = database.Prepare(
            "SELECT number, records, length(body), substr(body, -4) FROM batch WHERE number > ?1 AND number <= ?2 ORDER BY number LIMIT ?3"))
        {
            rows.Bind(1, DroppedBatch).Bind(2, LastBatch).Bind(3, DropBatches);
            for (long bytes = 0; bytes < Limits.ArchiveDropBytes && rows.Step(); bytes += rows.Number(2))
                left.Add((rows.Number(0), rows.Number(1), rows.Bytes(3).ToArray()));
        }

        long last = left.Count == 0 ? LastBatch : left[^1].Number;
        using (Statement drop = database.Prepare("DELETE FROM batch WHERE number > ?1 AND number <= ?2"))
            drop.Bind(1, DroppedBatch).Bind(2, last).Run();
        using (Statement keep = database.Prepare("INSERT INTO batch VALUES(?1, ?2, ?3)"))
            left.ForEach(row => keep.Bind(1, row.Number).Bind(2, row.Records).Bind(3, row.Checksum).Run());
        using Statement note = database.Prepare("UPDATE archive SET dropped_batch = ?2 WHERE number = ?1");
        note.Bind(1, Number).Bind(2, last).Run();
        return this with { DroppedBatch = last };
    }
}
