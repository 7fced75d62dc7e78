using System.Runtime.CompilerServices;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// A ledger's file, open to be moved: locked like one that is served, but without index and writer. Nothing in it changes,
/// unless an older schema or a crash before calls for what every opening does.
/// </summary>
public sealed class SqliteLedgerSource : ILedgerSource
{
    private readonly StoreFile _file;
    private readonly LedgerReader _reader;

    private SqliteLedgerSource(StoreFile file, Guid ledger)
    {
        _file = file;
        _reader = new LedgerReader(file, Timeout.InfiniteTimeSpan, TimeProvider.System); // nobody writes whom it could hold up
        Ledger = ledger;
        LastBatch = file.Writer.QueryNumber("SELECT max(number) FROM batch");
    }

    /// <inheritdoc/>
    public Guid Ledger { get; }

    /// <inheritdoc/>
    public string Place => _file.Path;

    /// <inheritdoc/>
    public long LastBatch { get; }

    /// <summary>Opens a ledger that exists.</summary>
    /// <exception cref="StoreException">
    /// It is in use, is no ledger, is damaged, or some of its records are in archives that are not there; the message says so in words.
    /// </exception>
    public static SqliteLedgerSource Open(string path)
    {
        StoreFile file = StoreFile.Open(new SqliteStoreOptions(path), Schema.Migrations);
        try
        {
            return file.Read(() =>
            {
                RequireArchives(file);
                return new SqliteLedgerSource(file, ReadIdentity(file.Writer));
            });
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public long RecordsUpTo(long batch) => _file.Read(() =>
    {
        using Statement sum = _file.Writer.Prepare("SELECT sum(records) FROM batch WHERE number <= ?1").Bind(1, batch);
        return sum.Step() ? sum.Number(0) : 0;
    });

    /// <inheritdoc/>
    public IRecordBatches ReadBatches(long after) => _file.Read(() =>
    {
        Database database = _file.Connect(forWriting: false);
        return new MovedBatches(database, new ArchivedBatches(database, new ArchiveFolder(_file.Path)), after, LastBatch);
    });

    /// <inheritdoc/>
    public IAsyncEnumerable<HourTotal> ReadTotalsAsync(CancellationToken cancellationToken) =>
        _reader.ReadTotalsAsync(HourRange.All, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<HourRejections> ReadRejectionsAsync(CancellationToken cancellationToken) =>
        _reader.ReadRejectionsAsync(HourRange.All, cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<RejectedRecord> ReadRejectedAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using Database database = _file.Read(() => _file.Connect(forWriting: false));
        var ofRow = new List<RejectedRecord>();
        long last = 0;
        while (await Task.Run(() => _file.Read(() => ReadRow(database, ref last, ofRow)), cancellationToken))
        {
            foreach (RejectedRecord record in ofRow)
                yield return record;
        }
    }

    /// <inheritdoc/>
    public Task<LedgerBelongings> ReadBelongingsAsync(CancellationToken cancellationToken) => Task.Run(
        () => _file.Read(() => new LedgerBelongings(
            SqliteCatalogStore.Read(_file.Writer),
            SqliteCredentialStore.ReadSigningKeys(_file.Writer),
            SqliteCredentialStore.ReadAllRevokedTokens(_file.Writer),
            _file.Writer.QueryNumber("SELECT high_water_unix_nanoseconds FROM clock WHERE id = 1"),
            AdminToken: null)
        {
            Corrections = SqliteCorrections.ReadAll(_file.Writer),
            Replays = SqliteRejections.ReadReplays(_file.Writer),
            DroppedRejections = _file.Writer.QueryNumber("SELECT dropped_records FROM rejected_count WHERE id = 1"),
            Consumers = ReadConsumers(),
        }),
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _file.Dispose();
        return ValueTask.CompletedTask;
    }

    private static Guid ReadIdentity(Database database)
    {
        using Statement row = database.Prepare("SELECT ledger FROM uuid_index WHERE id = 1");
        return row.Step()
            ? new Guid(row.Bytes(0), bigEndian: true)
            : throw new StoreException($"{database.Path} is damaged: its identity is missing. Restore it from a backup.");
    }

    // Their uuids are nowhere else: without them, records could be counted a second time where they are moved to.
    private static void RequireArchives(StoreFile file)
    {
        var folder = new ArchiveFolder(file.Path);
        List<string> faults = new ArchivedBatches(file.Writer, folder).FaultsIn([(1, long.MaxValue)]);
        if (faults.Count == 0)
            return;
        throw new StoreException(
            $"{file.Path} cannot be moved: a ledger is moved with all of its records or not at all, and of the archives that some of them are in "
            + $"not all are there, whole. Bring back into {folder.Path}, and move again: {string.Join("; ", faults)}");
    }

    private static bool ReadRow(Database database, ref long last, List<RejectedRecord> records)
    {
        records.Clear();
        using Statement row = database.Prepare("SELECT number, body FROM rejected_batch WHERE number > ?1 ORDER BY number LIMIT 1").Bind(1, last);
        if (!row.Step())
            return false;
        last = row.Number(0);
        RejectedReader.Read(last, row.Bytes(1), records);
        return true;
    }

    // A place of another history, or of another ledger, is refused wherever it is asked for: it stays behind.
    private List<MovedConsumer> ReadConsumers()
    {
        using Statement rows = _file.Writer.Prepare("SELECT scope, name, cursor, saved_unix_nanoseconds FROM feed_consumer ORDER BY scope, name");
        var consumers = new List<MovedConsumer>();
        while (rows.Step())
        {
            if (RecordsBefore(new LedgerCursor(rows.Bytes(2).ToArray())) is { } records)
                consumers.Add(new MovedConsumer(rows.Text(0), rows.Text(1), records, rows.Number(3)));
        }

        return consumers;
    }

    private long? RecordsBefore(LedgerCursor cursor)
    {
        try
        {
            FeedPlace place = FeedPlace.Of(cursor, Ledger, out uint checksum);
            if (place == FeedPlace.First)
                return 0;
            return IndexOpening.ChecksumOf(_file.Writer, place.BatchBefore) == checksum ? RecordsUpTo(place.Batch - 1) + place.Record : null;
        }
        catch (UnknownCursorException)
        {
            return null;
        }
    }
}
