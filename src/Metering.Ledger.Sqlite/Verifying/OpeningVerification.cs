namespace Metering.Ledger.Sqlite;

/// <summary>
/// What a server would meet at its start: the rows that it cannot do without, the files of the index, and what it makes the rest
/// of the index from. Told is what would keep it from serving, and what it would have to make again; nothing is changed.
/// </summary>
internal sealed class OpeningVerification(Database database, ArchiveFolder archives, Findings findings)
{
    private const string NotOpened = "No server opens this ledger: ";

    private readonly long _schema = database.QueryNumber("PRAGMA user_version");

    /// <summary>Looks at all of it; gives the runs of the index, to be compared with the records.</summary>
    public IndexVerification Run(CancellationToken cancellationToken)
    {
        Need("the clock", "SELECT count(*) FROM clock WHERE id = 1");
        Need("the version of the catalog", "SELECT count(*) FROM catalog_version WHERE id = 1");
        if (_schema >= Schema.WithRejectedRecords)
            Need("the count of rejected records", "SELECT count(*) FROM rejected_count WHERE id = 1");
        if (_schema >= Schema.WithDays)
            Need("the end of the totals by the day", "SELECT count(*) FROM rolled_up WHERE id = 1");
        findings.Try("the catalog", () => SqliteCatalogStore.Read(database));
        findings.Try("the list of signing keys", () => SqliteCredentialStore.ReadSigningKeys(database));

        (UuidKeys? keys, List<Run> runs) = OpenRuns();
        try
        {
            if (keys is not null)
                CheckMissing(UuidIndex.MissingIn(runs), cancellationToken);
            return new IndexVerification(keys ?? new UuidKeys(new byte[UuidKeys.SecretBytes]), [.. runs]);
        }
        catch
        {
            runs.ForEach(run => run.Release());
            throw;
        }
    }

    private void Need(string what, string count) => findings.Try(what, () =>
    {
        if (database.QueryNumber(count) != 1)
            findings.Tell($"{NotOpened}{what} is missing. Restore it from a backup.");
    });

    private (UuidKeys? Keys, List<Run> Runs) OpenRuns()
    {
        (Guid ledger, UuidKeys? keys) = _schema < Schema.WithIndex
            ? default
            : findings.Try("the identity of its index", () => IndexOpening.ReadIdentity(database));
        if (keys is null)
            return (null, []);
        long lastBatch = findings.Try("the list of batches", () => database.QueryNumber("SELECT max(number) FROM batch"));
        (List<Run> runs, List<UnusableRun> unusable) = new RunFolder(database.Path, ledger).Find(lastBatch, ChecksumOf, _ => { });
        unusable.ForEach(run => findings.Tell(run.Fault));
        return (keys, runs);
    }

    private uint? ChecksumOf(long batch) => findings.Try<uint?>($"batch {batch}", () => IndexOpening.ChecksumOf(database, batch));

    // Uuids that are in no file of the index are read from the batches. One that cannot be read would be counted again.
    private void CheckMissing(IReadOnlyList<(long First, long Last)> missing, CancellationToken cancellationToken)
    {
        ArchivedBatches archived = _schema < Schema.WithArchives
            ? ArchivedBatches.None(database, archives)
            : findings.Try("the list of archives", () => new ArchivedBatches(database, archives)) ?? ArchivedBatches.None(database, archives);
        findings.Try("what is kept of the archives", () => archived.Require(missing));
        foreach ((long first, long last) in missing)
        {
            using var batches = new BatchCursor(database, Math.Max(first, archived.LastBatch + 1), last);
            CheckReadable(batches, cancellationToken);
        }
    }

    private void CheckReadable(BatchCursor batches, CancellationToken cancellationToken)
    {
        try
        {
            while (batches.Next())
            {
                cancellationToken.ThrowIfCancellationRequested();
                for (BatchReader reader = batches.Read(); reader.Next(out _);)
                {
                }
            }
        }
        catch (StoreException damage)
        {
            findings.Tell($"{NotOpened}the uuids of a batch are in no file of its index, and the batch cannot be read. {damage.Message}");
        }
    }
}
