using System.Buffers.Binary;

namespace Metering.Ledger.Sqlite;

/// <summary>The index of a ledger that was opened.</summary>
/// <param name="Index">The index, complete.</param>
/// <param name="Keys">Its keys.</param>
/// <param name="Keeper">What seals and merges beside it; running, and ended by disposing the index.</param>
/// <param name="Notices">What an operator should know: index files that could not be used.</param>
/// <param name="Ledger">The ledger's own number, which its files name.</param>
internal sealed record OpenedIndex(UuidIndex Index, UuidKeys Keys, RunKeeper Keeper, IReadOnlyList<string> Notices, Guid Ledger);

/// <summary>
/// Opens the index of a ledger: the runs that fit it, and by replaying the batches what they do not cover, from the ledger
/// or, where they were archived, from the archives.
/// </summary>
internal static class IndexOpening
{
    /// <summary>Opens the index, complete.</summary>
    /// <param name="file">The ledger.</param>
    /// <param name="archives">Where archived batches are.</param>
    /// <param name="options">Sizes.</param>
    /// <exception cref="StoreException">A batch is damaged, an archive is needed and missing, or there is no space.</exception>
    public static OpenedIndex Open(StoreFile file, ArchiveFolder archives, SqliteStoreOptions options)
    {
        var notices = new List<string>();
        while (true)
        {
            try
            {
                return Open(file, new ArchivedBatches(file.Writer, archives), options, notices);
            }
            catch (StoreException fault) when (DamageIn(fault) is { } damage)
            {
                notices.Add(damage.Message); // and its file is gone: once more without it, which ends with the files
            }
        }
    }

    private static OpenedIndex Open(StoreFile file, ArchivedBatches archived, SqliteStoreOptions options, List<string> notices)
    {
        (Guid ledger, UuidKeys keys) = ReadIdentity(file.Writer);
        var folder = new RunFolder(file.Path, ledger);
        long lastBatch = file.Writer.QueryNumber("SELECT max(number) FROM batch");
        List<Run> runs = OpenRuns(folder, lastBatch, file.Writer, archived, notices);
        var keeper = new RunKeeper(folder, runs, options, batch => ChecksumOf(file, batch));
        var index = new UuidIndex(keys, keeper, options);
        try
        {
            keeper.Start();
            IndexReplay.Run(file.Writer, archived, index);
            folder.Forget();
            return new OpenedIndex(index, keys, keeper, notices, ledger);
        }
        catch
        {
            index.Dispose();
            throw;
        }
    }

    // No file is deleted before it is sure that what it lacks can be made again.
    private static List<Run> OpenRuns(RunFolder folder, long lastBatch, Database database, ArchivedBatches archived, List<string> notices)
    {
        (List<Run> runs, List<UnusableRun> unusable) = folder.Open(lastBatch, batch => ChecksumOf(database, batch));
        try
        {
            archived.Require(UuidIndex.MissingIn(runs));
            foreach (UnusableRun run in unusable)
            {
                File.Delete(run.Path);
                notices.Add(run.Fault);
            }

            return runs;
        }
        catch
        {
            runs.ForEach(run => run.Release());
            throw;
        }
    }

    private static RunDamageException? DamageIn(Exception? fault)
    {
        while (fault is not (null or RunDamageException))
            fault = fault.InnerException;
        return fault as RunDamageException;
    }

    /// <summary>
    /// The checksum that a batch carries; null when there is no such batch. A run names that of its last one: of a ledger that was
    /// restored and went on otherwise it does not fit.
    /// </summary>
    internal static uint? ChecksumOf(Database database, long batch)
    {
        using Statement row = database.Prepare("SELECT substr(body, -4) FROM batch WHERE number = ?1").Bind(1, batch);
        return row.Step() && row.Bytes(0) is { Length: sizeof(uint) } checksum ? BinaryPrimitives.ReadUInt32LittleEndian(checksum) : null;
    }

    private static uint? ChecksumOf(StoreFile file, long batch)
    {
        using Database database = file.Connect(forWriting: false);
        return ChecksumOf(database, batch);
    }

    /// <summary>The ledger's own number and the keys of its index.</summary>
    /// <exception cref="StoreException">They are missing.</exception>
    internal static (Guid Ledger, UuidKeys Keys) ReadIdentity(Database database)
    {
        using Statement row = database.Prepare("SELECT ledger, secret FROM uuid_index WHERE id = 1");
        if (!row.Step())
            throw new StoreException($"{database.Path} is damaged: the identity of its index is missing. Restore it from a backup.");
        return (new Guid(row.Bytes(0), bigEndian: true), new UuidKeys(row.Bytes(1)));
    }
}
