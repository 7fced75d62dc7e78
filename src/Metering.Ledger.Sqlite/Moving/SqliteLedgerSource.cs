using System.Globalization;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// A ledger's file, open to be moved: locked like one that is served, but without index and writer. Nothing in it changes,
/// unless an older schema or a crash before calls for what every opening does.
/// </summary>
public sealed class SqliteLedgerSource : ILedgerSource
{
    private const int ArchivesNamed = 3;

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
    /// It is in use, is no ledger, is damaged, or some of its records are in archives; the message says so in words.
    /// </exception>
    public static SqliteLedgerSource Open(string path)
    {
        StoreFile file = StoreFile.Open(new SqliteStoreOptions(path), Schema.Migrations);
        try
        {
            return file.Read(() =>
            {
                RefuseArchived(file);
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
    public IRecordBatches ReadBatches(long after) => _file.Read(() => new Batches(_file.Connect(forWriting: false), after, LastBatch));

    /// <inheritdoc/>
    public IAsyncEnumerable<HourTotal> ReadTotalsAsync(CancellationToken cancellationToken) =>
        _reader.ReadTotalsAsync(HourRange.All, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<HourRejections> ReadRejectionsAsync(CancellationToken cancellationToken) =>
        _reader.ReadRejectionsAsync(HourRange.All, cancellationToken);

    /// <inheritdoc/>
    public Task<LedgerBelongings> ReadBelongingsAsync(CancellationToken cancellationToken) => Task.Run(
        () => _file.Read(() => new LedgerBelongings(
            SqliteCatalogStore.Read(_file.Writer),
            SqliteCredentialStore.ReadSigningKeys(_file.Writer),
            SqliteCredentialStore.ReadAllRevokedTokens(_file.Writer),
            _file.Writer.QueryNumber("SELECT high_water_unix_nanoseconds FROM clock WHERE id = 1"),
            AdminToken: null) { Corrections = SqliteCorrections.ReadAll(_file.Writer) }),
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

    // Their uuids are not in the file any more: without them, records could be counted a second time where they are moved to.
    private static void RefuseArchived(StoreFile file)
    {
        if (file.Writer.QueryNumber("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'archive'") == 0)
            return;
        var files = new List<string>();
        using Statement rows = file.Writer.Prepare("SELECT file FROM archive ORDER BY number");
        while (rows.Step())
            files.Add(rows.Text(0));
        if (files.Count == 0)
            return;
        string more = files.Count > ArchivesNamed ? $" and {(files.Count - ArchivesNamed).ToString(CultureInfo.InvariantCulture)} more" : "";
        throw new StoreException(
            $"{file.Path} cannot be moved: some of its records are in archives ({string.Join(", ", files.Take(ArchivesNamed))}{more}), and a "
            + "ledger is moved with all of its records or not at all.");
    }

    private sealed class Batches(Database database, long after, long last) : IRecordBatches
    {
        private readonly BatchCursor _cursor = new(database, after + 1, last);

        public long Next(List<CountedRecord> records)
        {
            if (!_cursor.Next())
                return 0;
            BatchReader reader = _cursor.Read();
            while (reader.Next(out CountedRecord record))
                records.Add(record);
            return _cursor.Number;
        }

        public void Dispose()
        {
            _cursor.Dispose();
            database.Dispose();
        }
    }
}
