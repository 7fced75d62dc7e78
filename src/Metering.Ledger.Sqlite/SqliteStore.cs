using SQLitePCL;

namespace Metering.Ledger.Sqlite;

/// <summary>What was found and done at opening.</summary>
/// <param name="Path">The file, absolute.</param>
/// <param name="FoundSchemaVersion">0 for a file that was made just now.</param>
/// <param name="SchemaVersion">The version now.</param>
/// <param name="RecoveredBytes">Length of the write-ahead log that was found and copied into the file; above 0 after a crash.</param>
/// <param name="Records">Records in the ledger.</param>
/// <param name="Elapsed">How long it took.</param>
public sealed record StoreOpening(
    string Path, int FoundSchemaVersion, int SchemaVersion, long RecoveredBytes, long Records, TimeSpan Elapsed)
{
    /// <summary>What an operator should know of it: index files that could not be used and were made again.</summary>
    public IReadOnlyList<string> Notices { get; init; } = [];
}

/// <summary>
/// The embedded store: ledger, catalog and credentials in one SQLite file, opened by one server at a time. What it
/// answered as committed is on disk, fsynced; what happens to it meanwhile is told by <see cref="Noticed"/> and, when
/// it must not go on, by <see cref="ILedger.Failure"/>.
/// </summary>
public sealed class SqliteStore : IMeteringStore
{
    private readonly StoreFile _file;
    private readonly UuidIndex _index;
    private readonly Group _group;
    private readonly Checkpointer _checkpointer;
    private readonly Writer _writer;
    private readonly Archives _archives;
    private readonly SqliteRejections _rejections;
    private readonly RolledUpDays _days;
    private readonly DayRollUp _rollUp;
    private readonly ReadConnections _readers;
    private EventHandler<StoreNoticeEventArgs>? _noticed;
    private Task? _closing;

    private SqliteStore(StoreFile file, OpenedIndex index, ArchiveFolder folder, SqliteStoreOptions options, TimeProvider time, long startedAt)
    {
        _file = file;
        _index = index.Index;
        _days = new RolledUpDays(file.Writer);
        _group = new Group(file.Writer, _index, _days, options.Rejections);
        _checkpointer = new Checkpointer(file.Connect(forWriting: true), options, Notice);
        Disk = new DiskSpace(System.IO.Path.GetDirectoryName(file.Path)!, options.FreeDiskBytes, time);
        var pace = new ReadPace(time);
        _writer = new Writer(file.Writer, _group, Disk, _checkpointer, pace, options, Notice);
        _checkpointer.Failed = _writer.Fail;
        index.Keeper.Listen(Notice, _writer.Fail);
        var records = new SemaphoreSlim(1);
        Ledger = new SqliteLedger(
            _writer, _group, new LedgerReader(file, options.ReaderLifetime, time), file,
            (progress, cancellationToken) => Verification.Run(file, index, folder, pace, options, progress, cancellationToken), records);
        var maker = new ArchiveMaker(file, folder, _writer, index, Disk, options, Notice);
        _archives = new Archives(file, folder, maker, options, index.Ledger, records);
        _rollUp = new DayRollUp(file, _writer, _days, options, time, Notice);
        Totals = new TotalReader(file, _rollUp, options.ReaderLifetime, time);
        _readers = new ReadConnections(file, folder);
        Records = new RecordReader(_readers, _group.Commits, new RecordSearch(_writer, index, _readers), pace, index.Ledger);
        Consumers = new SqliteFeedConsumers(_writer, _readers);
        Rejections = _rejections = new SqliteRejections(file, _writer, _group.RejectedRows);
        Corrections = new SqliteCorrections(_writer, _readers);
        Catalog = new SqliteCatalogStore(_writer, file);
        Credentials = new SqliteCredentialStore(_writer);
        Opening = new StoreOpening(
            file.Path,
            file.FoundVersion,
            (int)file.Writer.QueryNumber("PRAGMA user_version"),
            file.RecoveredBytes,
            _index.Count,
            time.GetElapsedTime(startedAt)) { Notices = index.Notices };
    }

    /// <summary>Raised on the store's own threads: be quick, and never throw. What was noticed at opening comes at once.</summary>
    public event EventHandler<StoreNoticeEventArgs>? Noticed
    {
        add
        {
            _noticed += value;
            foreach (string sentence in Opening.Notices)
                value?.Invoke(this, new StoreNoticeEventArgs(sentence));
        }
        remove => _noticed -= value;
    }

    /// <summary>Never raised: no other node has the file.</summary>
    public event EventHandler<StoreChangedEventArgs>? Changed
    {
        add { }
        remove { }
    }

    /// <summary>The ledger.</summary>
    public ILedger Ledger { get; }

    /// <summary>Sums by windows of time.</summary>
    public ITotalReader Totals { get; }

    /// <summary>Corrections of records.</summary>
    public ICorrections Corrections { get; }

    /// <summary>The accepted records, one by one.</summary>
    public IRecordReader Records { get; }

    /// <summary>Places in the feed, by name.</summary>
    public IFeedConsumers Consumers { get; }

    /// <summary>The rejected records.</summary>
    public IRejectedRecords Rejections { get; }

    /// <summary>The catalog.</summary>
    public ICatalogStore Catalog { get; }

    /// <summary>Signing keys and revocations.</summary>
    public ICredentialStore Credentials { get; }

    /// <summary>Old records in files of their own.</summary>
    public IArchives Archives => _archives;

    /// <summary>What was found and done at opening.</summary>
    public StoreOpening Opening { get; }

    /// <summary>Write requests that wait for their commit.</summary>
    public int QueuedRequests => _writer.QueuedRequests;

    /// <summary>Length of the write-ahead log's file, in bytes.</summary>
    public long LogBytes => StoreFile.LogBytes(_file.Path);

    /// <summary>What the index of counted uuids takes and does; as of a moment ago, since the writer goes on.</summary>
    public IndexFigures IndexFigures => _index.Figures;

    /// <summary>The free space that is watched.</summary>
    internal DiskSpace Disk { get; }

    /// <summary>Opens the store, making its file when it is missing; recovers and checks everything before it returns.</summary>
    /// <exception cref="StoreException">
    /// The file is not a ledger, is locked, read-only or damaged, or has a newer schema; the message says so in words.
    /// </exception>
    public static SqliteStore Open(SqliteStoreOptions options, TimeProvider time) => Open(options, time, Schema.Migrations);

    /// <summary>As <see cref="Open(SqliteStoreOptions, TimeProvider)"/>, with other steps of the schema.</summary>
    internal static SqliteStore Open(SqliteStoreOptions options, TimeProvider time, IReadOnlyList<Migration> migrations)
    {
        Limits.Check();
        options.Check();
        long startedAt = time.GetTimestamp();
        StoreFile file = StoreFile.Open(options, migrations);
        OpenedIndex? index = null;
        try
        {
            var archives = new ArchiveFolder(file.Path);
            index = file.Read(() => IndexOpening.Open(file, archives, options));
            IReadOnlyList<string> notices = file.Read(() => ArchiveOpening.Finish(file.Writer, archives));
            index = index with { Notices = [.. index.Notices, .. notices] };
            SqliteStore store = file.Read(() => new SqliteStore(file, index, archives, options, time, startedAt));
            store._checkpointer.Start();
            store._writer.Start();
            store._rollUp.Start();
            return store;
        }
        catch
        {
            index?.Index.Dispose();
            file.Dispose();
            throw;
        }
    }

    /// <summary>Rolls up, at once, all days that can be; for tests and measurements. Gives how many they were.</summary>
    internal Task<int> RollUpAsync(CancellationToken cancellationToken) => _rollUp.RunAsync(cancellationToken);

    /// <summary>Makes a change on the writer's thread, in a transaction of its own; for tests, which provoke faults so.</summary>
    internal Task ChangeAsync(Action<Database> change) => _writer.ChangeAsync(
        database =>
        {
            change(database);
            return true;
        },
        CancellationToken.None);

    /// <summary>Ends writing for good, as a failed checkpoint does; for tests.</summary>
    internal void Fail(string sentence) => _writer.Fail(sentence);

    /// <summary>Stops taking, finishes what waits, copies the write-ahead log into the file and closes it. Deletes nothing.</summary>
    public ValueTask DisposeAsync() => new(_closing ??= CloseAsync());

    private async Task CloseAsync()
    {
        await _archives.DisposeAsync();
        await _rollUp.DisposeAsync();
        await _writer.StopAsync();
        _checkpointer.Stop();
        _readers.Dispose();
        _group.Dispose();
        _days.Dispose();
        _index.Dispose();
        try
        {
            // After a failure nothing may be written any more: the next start recovers.
            if (!_writer.Failure.IsCompleted)
                _file.Writer.Checkpoint(raw.SQLITE_CHECKPOINT_TRUNCATE);
        }
        catch (SqliteFault fault)
        {
            Notice($"{_file.Path} was closed without copying its write-ahead log: {fault.Message} The next start does it.");
        }

        _file.Dispose();
    }

    private void Notice(string sentence) => _noticed?.Invoke(this, new StoreNoticeEventArgs(sentence));
}
