namespace Metering.Ledger.Sqlite;

/// <summary>The archives of a ledger: one is made at a time, and not while the ledger is verified.</summary>
internal sealed class Archives(
    StoreFile file, ArchiveFolder folder, ArchiveMaker maker, SqliteStoreOptions options, Guid ledger, SemaphoreSlim records)
    : IArchives, IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private Task _making = Task.CompletedTask;

    /// <inheritdoc/>
    public string Folder => folder.Path;

    /// <inheritdoc/>
    public async Task<ArchiveAnswer> CreateAsync(ArchiveOrder order, CancellationToken cancellationToken)
    {
        if (!await records.WaitAsync(TimeSpan.Zero, CancellationToken.None))
            return new ArchiveAnswer(ArchiveOutcome.Busy, Reason: "An archive is being made, or the ledger is being verified. Try again when that is done.");
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
            Task<ArchiveAnswer> making = order.DryRun
                ? Task.Run(() => file.Read(() => Plan(order, either.Token)), either.Token)
                : Task.Run(() => maker.MakeAsync(order.AcceptedBeforeUnixNanoseconds, _stopping.Token, either.Token), either.Token);
            _making = making;
            return await making;
        }
        catch (Exception fault) when (fault is StoreException or ArchiveDamageException)
        {
            return new ArchiveAnswer(ArchiveOutcome.Failed, Reason: fault.Message);
        }
        catch (SqliteFault fault)
        {
            return new ArchiveAnswer(ArchiveOutcome.Failed, Reason: $"{file.Path} cannot be read: {fault.Message}. Check file and disk.");
        }
        finally
        {
            records.Release();
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<ArchiveEntry>> ListAsync(CancellationToken cancellationToken) => Task.Run(() => file.Read(List), cancellationToken);

    /// <inheritdoc/>
    public Task<ArchiveInspection?> InspectAsync(string fileName, CancellationToken cancellationToken) =>
        Task.Run(() => file.Read(() => Inspect(fileName, cancellationToken)), cancellationToken);

    /// <inheritdoc/>
    public Task<ArchivePage?> ReadAsync(string fileName, ArchivePosition from, int recordsMaximum, CancellationToken cancellationToken) =>
        Task.Run(() => Read(fileName, from, recordsMaximum), cancellationToken);

    /// <summary>Gives up what is being made, unless it is noted already, and waits for it. The store stops after that.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _making.ContinueWith(
            static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        _stopping.Dispose();
    }

    /// <summary>What people are told of an archive.</summary>
    public static ArchiveEntry EntryOf(ArchiveNote note, bool isPresent) => new(
        note.File, note.FirstBatch, note.LastBatch, note.Records, note.Bytes, note.FirstAccepted, note.LastAccepted,
        ArchiveFolder.Text(note.Sha256), isPresent);

    private static ArchiveEntry EntryOf(ArchiveHeader header, string fileName, byte[] sha256) => new(
        fileName, header.FirstBatch, header.LastBatch, header.Records, header.FileBytes, header.FirstAccepted, header.LastAccepted,
        ArchiveFolder.Text(sha256), fileName.Length > 0);

    private ArchiveAnswer Plan(ArchiveOrder order, CancellationToken cancellationToken)
    {
        using Database database = file.Connect(forWriting: false);
        long last = database.QueryNumber("SELECT max(number) FROM batch");
        long after = Math.Max(Math.Min(order.AfterBatch, last), ArchiveNote.LastArchived(database));
        ArchivePlan? plan = ArchivePlan.Make(database, after, order.AcceptedBeforeUnixNanoseconds, options.ArchiveBytes, cancellationToken);
        return plan is null
            ? new ArchiveAnswer(ArchiveOutcome.NothingOldEnough)
            : new ArchiveAnswer(ArchiveOutcome.Archived, EntryOf(plan.Describe(database, ledger).Header, string.Empty, []));
    }

    private IReadOnlyList<ArchiveEntry> List()
    {
        using Database database = file.Connect(forWriting: false);
        return ArchiveNote.ReadAll(database).ConvertAll(note => EntryOf(note, folder.Find(note.File) is not null));
    }

    private ArchiveInspection? Inspect(string fileName, CancellationToken cancellationToken)
    {
        if (folder.Find(fileName) is not { } path)
            return null;
        using Database database = file.Connect(forWriting: false);
        ArchiveNote? note = ArchiveNote.ReadAll(database).Find(note => note.File == fileName);
        ArchiveEntry? entry = note is null ? null : EntryOf(note, isPresent: true);
        try
        {
            using ArchiveFile archive = ArchiveFile.Open(path);
            entry ??= EntryOf(archive.Header, fileName, []);
            byte[] sha256 = ArchiveProof.Check(archive, note, database, null, cancellationToken);
            return new ArchiveInspection(EntryOf(archive.Header, fileName, sha256), note is not null, []);
        }
        catch (ArchiveDamageException damage)
        {
            return new ArchiveInspection(entry, note is not null, [damage.Message]);
        }
    }

    private ArchivePage? Read(string fileName, ArchivePosition from, int recordsMaximum)
    {
        if (folder.Find(fileName) is not { } path)
            return null;
        using ArchiveFile archive = ArchiveFile.Open(path);
        if (from.Batch == 0)
            from = new ArchivePosition(archive.Header.FirstBatch, archive.Header.BatchesStart, 0);
        if (from.Record < 0 || !archive.HasBatchAt(from.Offset, from.Batch))
            return null;
        using var batches = new ArchiveCursor(archive, from.Offset, from.Batch);
        var page = new List<CountedRecord>();
        int skipped = from.Record;
        while (batches.Next())
        {
            BatchReader reader = batches.Read();
            for (int place = 0; reader.Next(out CountedRecord record); place++)
            {
                if (place < skipped)
                    continue;
                if (page.Count == recordsMaximum)
                    return new ArchivePage(page, archive.ReadNames(), new ArchivePosition(batches.Number, batches.Offset, place));
                page.Add(record);
            }

            skipped = 0;
        }

        return new ArchivePage(page, archive.ReadNames(), null);
    }
}
