using SQLitePCL;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// One connection, used by one thread at a time. A thin layer on the C interface: the writer needs exact result codes
/// and statements that are prepared once, and nothing that ADO.NET adds.
/// </summary>
internal sealed class Database : IDisposable
{
    private const int NoCheckpointOnClose = 1006; // SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE
    private const int PagesWritten = 9; // SQLITE_DBSTATUS_CACHE_WRITE

    private readonly sqlite3 _handle;

    static Database() => Batteries_V2.Init();

    private Database(string path, sqlite3 handle)
    {
        Path = path;
        _handle = handle;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The connection itself, for what this class does not cover.</summary>
    public sqlite3 Handle => _handle;

    /// <summary>The file, or its file system, cannot be written.</summary>
    public bool IsReadOnly => raw.sqlite3_db_readonly(_handle, "main") == 1;

    /// <summary>A transaction is open.</summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(_handle) == 0;

    /// <summary>Pages that this connection has written since the last call: each is a frame of the write-ahead log.</summary>
    public int TakeWrittenPages()
    {
        Check(raw.sqlite3_db_status(_handle, PagesWritten, out int pages, out _, resetFlg: 1));
        return pages;
    }

    /// <summary>Opens an existing file for reading and writing.</summary>
    public static Database OpenForWriting(string path) => Open(path, raw.SQLITE_OPEN_READWRITE);

    /// <summary>Opens an existing file for reading.</summary>
    public static Database OpenForReading(string path) => Open(path, raw.SQLITE_OPEN_READONLY);

    /// <summary>
    /// Opens a file that nobody else has open and whose write-ahead log is empty: nothing is written, neither into the file nor
    /// beside it, and nothing is locked.
    /// </summary>
    public static Database OpenUntouched(string path) =>
        Open(path, new Uri(path).AbsoluteUri + "?immutable=1", raw.SQLITE_OPEN_READONLY | raw.SQLITE_OPEN_URI);

    /// <summary>
    /// Opens a file that nobody else has open with what is in its write-ahead log: that is read into memory, and nothing is
    /// written, neither into the file nor beside it. SQLite wants to be allowed to, for the lock that keeps everybody else out.
    /// </summary>
    public static Database OpenAlone(string path)
    {
        Database database = OpenForWriting(path);
        database.Execute("PRAGMA query_only = ON");
        database.Execute("PRAGMA locking_mode = EXCLUSIVE"); // before the first read: the log's index is then in memory
        return database;
    }

    /// <summary>Runs statements without parameters or rows.</summary>
    public void Execute(string sql) => Check(raw.sqlite3_exec(_handle, sql));

    /// <summary>Prepares a statement to be kept.</summary>
    public Statement Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v3(_handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out sqlite3_stmt statement));
        return new Statement(this, statement);
    }

    /// <summary>The first column of the first row, as a number.</summary>
    public long QueryNumber(string sql)
    {
        using Statement statement = Prepare(sql);
        return statement.Step() ? statement.Number(0) : 0;
    }

    /// <summary>The first column of the first row, as text.</summary>
    public string QueryText(string sql)
    {
        using Statement statement = Prepare(sql);
        return statement.Step() ? statement.Text(0) : string.Empty;
    }

    /// <summary>Copies the write-ahead log into the file.</summary>
    /// <param name="mode">One of SQLITE_CHECKPOINT_*.</param>
    /// <returns>Frames in the log, and how many of them are in the file now; false when a reader or writer stood in the way.</returns>
    public (bool Finished, int LogFrames, int CopiedFrames) Checkpoint(int mode)
    {
        int code = raw.sqlite3_wal_checkpoint_v2(_handle, "main", mode, out int frames, out int copied);
        if ((code & 0xFF) is raw.SQLITE_BUSY or raw.SQLITE_LOCKED)
            return (false, frames, copied);
        Check(code);
        if (frames < 0)
            throw new SqliteFault(raw.SQLITE_MISUSE, "there is no write-ahead log to copy");
        return (true, frames, copied);
    }

    /// <summary>Throws unless the code means success.</summary>
    public void Check(int code)
    {
        if (code is not (raw.SQLITE_OK or raw.SQLITE_ROW or raw.SQLITE_DONE))
            throw new SqliteFault(code, raw.sqlite3_errmsg(_handle).utf8_to_string());
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private static Database Open(string path, int access) => Open(path, path, access);

    private static Database Open(string path, string name, int access)
    {
        int code = raw.sqlite3_open_v2(name, out sqlite3 handle, access | raw.SQLITE_OPEN_NOMUTEX, null);
        if (code != raw.SQLITE_OK)
        {
            handle?.Dispose();
            throw new SqliteFault(code, raw.sqlite3_errstr(code).utf8_to_string());
        }

        var database = new Database(path, handle);
        raw.sqlite3_extended_result_codes(handle, 1);

        // Closing must never write: after a failed fsync nothing may touch the file any more.
        database.Check(raw.sqlite3_db_config(handle, NoCheckpointOnClose, 1, out _));
        return database;
    }
}
