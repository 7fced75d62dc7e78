using SQLitePCL;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// The file on disk: made, locked, identified, migrated, recovered. While it is open, a lock on a second file beside it
/// keeps other servers out; that file stays when the store closes, since deleting it would let two servers in.
/// </summary>
internal sealed class StoreFile : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly FileStream _lock;
    private readonly bool _isFsyncSkipped;

    private StoreFile(string path, FileStream fileLock, Database writer, bool isFsyncSkipped)
    {
        Path = path;
        _lock = fileLock;
        _isFsyncSkipped = isFsyncSkipped;
        Writer = writer;
    }

    /// <summary>The file, absolute.</summary>
    public string Path { get; }

    /// <summary>The one connection that writes records.</summary>
    public Database Writer { get; }

    /// <summary>Bytes of the write-ahead log that were found and copied at opening: not 0 after a crash.</summary>
    public long RecoveredBytes { get; private set; }

    /// <summary>The schema's version before opening; 0 for a new file.</summary>
    public int FoundVersion { get; private set; }

    /// <summary>Opens the file, making it when it is missing.</summary>
    /// <exception cref="StoreException">It cannot be used; the message says why and what to do.</exception>
    public static StoreFile Open(SqliteStoreOptions options, IReadOnlyList<Migration> migrations)
    {
        string file = System.IO.Path.GetFullPath(options.Path);
        FileStream? fileLock = null;
        Database? writer = null;
        try
        {
            fileLock = Lock(file);
            Create(file);
            long logBytes = LogBytes(file);
            writer = Database.OpenForWriting(file);
            var store = new StoreFile(file, fileLock, writer, options.IsFsyncSkipped) { RecoveredBytes = logBytes };
            store.Prepare(migrations);
            return store;
        }
        catch (Exception fault)
        {
            writer?.Dispose();
            fileLock?.Dispose();
            switch (fault)
            {
                case SqliteFault sqlite: throw Explain(file, sqlite);
                case UnauthorizedAccessException or IOException:
                    throw new StoreException($"{file} cannot be written: {fault.Message} Check the directory and who owns it.", fault);
                default: throw;
            }
        }
    }

    /// <summary>Another connection, for reading or for checkpoints.</summary>
    public Database Connect(bool forWriting)
    {
        Database database = forWriting ? Database.OpenForWriting(Path) : Database.OpenForReading(Path);
        Configure(database);
        return database;
    }

    /// <summary>Reads something, and says in words what went wrong with it.</summary>
    /// <exception cref="StoreException">The file cannot be read.</exception>
    public T Read<T>(Func<T> reading)
    {
        try
        {
            return reading();
        }
        catch (SqliteFault fault)
        {
            throw Explain(Path, fault);
        }
    }

    /// <summary>Length of the write-ahead log's file, in bytes.</summary>
    public static long LogBytes(string file)
    {
        var log = new FileInfo(file + "-wal");
        return log.Exists ? log.Length : 0;
    }

    /// <summary>The file beside it that is locked while a server has it open.</summary>
    public static string LockOf(string file) => file + ".lock";

    /// <inheritdoc/>
    public void Dispose()
    {
        Writer.Dispose();
        _lock.Dispose();
    }

    private static FileStream Lock(string file)
    {
        try
        {
            return OpenPrivately(LockOf(file), FileMode.OpenOrCreate);
        }
        catch (IOException fault) when (fault is not (DirectoryNotFoundException or FileNotFoundException or PathTooLongException)
            && File.Exists(LockOf(file)))
        {
            throw new StoreException(
                $"{file} is locked: another server uses it. Stop that one, or give this one a directory of its own.", fault);
        }
    }

    private static void Create(string file)
    {
        if (File.Exists(file))
            return;
        OpenPrivately(file, FileMode.CreateNew).Dispose();
        DirectorySync.Flush(System.IO.Path.GetDirectoryName(file)!);
    }

    // For nobody else, in both senses: readable by its owner only, and open here only.
    private static FileStream OpenPrivately(string file, FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        return new FileStream(file, options);
    }

    private void Configure(Database database)
    {
        database.Execute("PRAGMA busy_timeout = 10000");
        database.Execute(_isFsyncSkipped ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL");
        database.Execute("PRAGMA wal_autocheckpoint = 0");
        database.Execute("PRAGMA trusted_schema = OFF");
    }

    /// <summary>What is wrong with a file that cannot be opened, in words.</summary>
    internal static StoreException Explain(string file, SqliteFault fault) => new(
        fault.PrimaryCode switch
        {
            raw.SQLITE_NOTADB =>
                $"{file} is not a ledger: it is no SQLite database. Give the path of a ledger, or of a file that does not exist yet.",
            raw.SQLITE_CORRUPT => $"{file} is damaged ({fault.Message}). Restore it from a backup.",
            raw.SQLITE_BUSY or raw.SQLITE_LOCKED =>
                $"{file} is locked by another program ({fault.Message}). End that program and start again.",
            raw.SQLITE_READONLY or raw.SQLITE_PERM =>
                $"{file} is read-only ({fault.Message}). Make file and directory writable for this user.",
            raw.SQLITE_FULL => $"{file} cannot be opened: the disk is full. Make space and start again.",
            _ => $"{file} cannot be opened: {fault.Message}. Check file, directory and disk.",
        },
        fault);

    private void Prepare(IReadOnlyList<Migration> migrations)
    {
        if (Writer.IsReadOnly)
            throw new StoreException($"{Path} is read-only. Make file and directory writable for this user.");
        Identify(migrations);
        Configure(Writer);
        string mode = Writer.QueryText("PRAGMA journal_mode = WAL");
        Schema.Migrate(Writer, migrations);
        Assert("journal_mode", mode, "wal");
        Assert("synchronous", Writer.QueryText("PRAGMA synchronous"), _isFsyncSkipped ? "1" : "2");
        Assert("wal_autocheckpoint", Writer.QueryText("PRAGMA wal_autocheckpoint"), "0");

        // Recovery is over with the first read above; from here on the file alone holds everything.
        Writer.Checkpoint(raw.SQLITE_CHECKPOINT_TRUNCATE);
        DirectorySync.Flush(System.IO.Path.GetDirectoryName(Path)!);
    }

    // Looks before anything is written: a file that is not ours stays as it is.
    private void Identify(IReadOnlyList<Migration> migrations)
    {
        int newest = migrations[^1].Version;
        long application = Writer.QueryNumber("PRAGMA application_id");
        FoundVersion = (int)Writer.QueryNumber("PRAGMA user_version");
        bool isEmpty = Writer.QueryNumber("SELECT count(*) FROM sqlite_schema") == 0;
        if (isEmpty && application == 0 && FoundVersion == 0)
            return;
        if (application != Schema.ApplicationId || FoundVersion < 1)
        {
            throw new StoreException(
                $"{Path} is a database, but not a ledger. Give the path of a ledger, or of a file that does not exist yet.");
        }

        if (FoundVersion > newest)
        {
            throw new StoreException(
                $"{Path} has schema version {FoundVersion}; this program knows versions up to {newest}. "
                + $"Start metering {Schema.NewestProgram(Writer)} or newer, which wrote it.");
        }
    }

    private void Assert(string pragma, string found, string expected)
    {
        if (found != expected)
        {
            throw new StoreException(
                $"{Path} would not be durable: SQLite keeps {pragma} at {found} instead of {expected}. Use a local file system.");
        }
    }
}
