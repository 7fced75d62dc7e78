using SQLitePCL;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// Copies the write-ahead log into the file, on a thread and a connection of its own: on the writer's, it was measured
/// to hold up commits for 240 ms. Copying goes on beside commits. Only starting the log anew excludes them, and then
/// nearly everything was copied before, so that the exclusion lasts about as long as one fsync.
/// </summary>
internal sealed class Checkpointer
{
    private readonly Database _database;
    private readonly SqliteStoreOptions _options;
    private readonly Action<string> _notice;
    private readonly Thread _thread;
    private readonly object _bell = new();
    private readonly long _pageBytes;
    private long _writtenPages;
    private long _copiedPages;
    private long _truncatedPages;
    private bool _isStopping;
    private bool _isBlocked;

    /// <summary>Takes over the connection; <see cref="Start"/> begins.</summary>
    public Checkpointer(Database database, SqliteStoreOptions options, Action<string> notice)
    {
        _database = database;
        _options = options;
        _notice = notice;
        _pageBytes = database.QueryNumber("PRAGMA page_size");
        _ = database.QueryNumber("SELECT count(*) FROM sqlite_schema"); // a connection that never read knows of no log, and copies nothing
        database.Execute("PRAGMA busy_timeout = 0"); // never make the writer wait for a reader
        _thread = new Thread(Run) { Name = "metering ledger checkpoints", IsBackground = true };
    }

    /// <summary>Held by whoever writes: the writer for a transaction, this class while it starts the log anew.</summary>
    public Lock Transactions { get; } = new();

    /// <summary>Called when a checkpoint failed in a way that the store must not outlive.</summary>
    public Action<string>? Failed { get; set; }

    /// <summary>Starts the thread.</summary>
    public void Start() => _thread.Start();

    /// <summary>Tells how many pages the writer has written since it told the last time. Writer only.</summary>
    public void Committed(int pages)
    {
        long writtenPages = _writtenPages + pages;
        Volatile.Write(ref _writtenPages, writtenPages);
        if ((writtenPages - Volatile.Read(ref _copiedPages)) * _pageBytes < _options.CheckpointBytes)
            return;
        lock (_bell)
            Monitor.Pulse(_bell);
    }

    /// <summary>Ends the thread and closes the connection.</summary>
    public void Stop()
    {
        lock (_bell)
        {
            _isStopping = true;
            Monitor.Pulse(_bell);
        }

        if (_thread.IsAlive)
            _thread.Join();
        _database.Dispose();
    }

    private void Run()
    {
        try
        {
            long seen = 0;
            while (WaitForWork())
            {
                long written = Volatile.Read(ref _writtenPages);
                if ((written - _copiedPages) * _pageBytes >= _options.CheckpointBytes)
                    CopyBesideCommits(written);
                else if (written == seen && written != _truncatedPages)
                    Truncate(written);
                seen = written;
            }
        }
        catch (Exception fault)
        {
            Failed?.Invoke($"A checkpoint of {_database.Path} failed: {fault.Message} Check the disk and start the server again.");
        }
    }

    private bool WaitForWork()
    {
        lock (_bell)
        {
            if (!_isStopping && (Volatile.Read(ref _writtenPages) - _copiedPages) * _pageBytes < _options.CheckpointBytes)
                Monitor.Wait(_bell, _options.CheckpointIdle);
            return !_isStopping;
        }
    }

    private void CopyBesideCommits(long written)
    {
        (bool _, int logFrames, int _) = Checkpoint(raw.SQLITE_CHECKPOINT_PASSIVE);
        Volatile.Write(ref _copiedPages, written);
        if (logFrames * _pageBytes < _options.RestartLogBytes)
            return;

        Checkpoint(raw.SQLITE_CHECKPOINT_PASSIVE); // what was committed meanwhile, so that little is left
        lock (Transactions)
        {
            (bool finished, logFrames, _) = Checkpoint(raw.SQLITE_CHECKPOINT_RESTART);
            if (finished == _isBlocked)
                Tell(finished, logFrames);
        }
    }

    private void Truncate(long written)
    {
        Checkpoint(raw.SQLITE_CHECKPOINT_PASSIVE);
        lock (Transactions)
        {
            if (Checkpoint(raw.SQLITE_CHECKPOINT_TRUNCATE).Finished && written == Volatile.Read(ref _writtenPages))
            {
                Volatile.Write(ref _copiedPages, written);
                _truncatedPages = written;
            }
        }
    }

    private void Tell(bool finished, int logFrames)
    {
        _isBlocked = !finished;
        _notice(finished
            ? "The write-ahead log was started anew: no reader holds it any more."
            : $"The write-ahead log has {logFrames * _pageBytes} bytes and grows: a reader holds it.");
    }

    // A full disk is the writer's to report: the log stays, and the next checkpoint tries again.
    private (bool Finished, int LogFrames, int CopiedFrames) Checkpoint(int mode)
    {
        try
        {
            return _database.Checkpoint(mode);
        }
        catch (SqliteFault fault) when (fault.IsFull)
        {
            return (false, 0, 0);
        }
    }
}
