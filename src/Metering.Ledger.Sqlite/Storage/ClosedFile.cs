namespace Metering.Ledger.Sqlite;

/// <summary>
/// A ledger's file that no server has open, to be looked at and never changed: nothing is written into it or beside it, so that
/// a copy on a read-only disk can be looked at too, and one that is damaged stays as it is. Servers are kept out meanwhile.
/// </summary>
internal sealed class ClosedFile : IDisposable
{
    private readonly string _path;
    private readonly FileStream? _lock;

    private ClosedFile(string path, FileStream? @lock, Database database)
    {
        _path = path;
        _lock = @lock;
        Database = database;
    }

    /// <summary>The one connection.</summary>
    public Database Database { get; }

    /// <summary>Opens a file that exists.</summary>
    /// <exception cref="StoreException">A server has it open, or it cannot be read at all; the message says what to do.</exception>
    public static ClosedFile Open(string path)
    {
        FileStream? fileLock = null;
        try
        {
            fileLock = Lock(path);
            return new ClosedFile(path, fileLock, Connect(path));
        }
        catch (Exception fault)
        {
            fileLock?.Dispose();
            switch (fault)
            {
                case SqliteFault sqlite: throw StoreFile.Explain(path, sqlite);
                case UnauthorizedAccessException or IOException:
                    throw new StoreException($"{path} cannot be read: {fault.Message} Check the directory and who owns it.", fault);
                default: throw;
            }
        }
    }

    /// <summary>Makes sure that no server began meanwhile: there may be no lock that could have kept it out.</summary>
    /// <exception cref="StoreException">One did; what was read means nothing.</exception>
    public void EnsureClosed()
    {
        if (_lock is null && File.Exists(StoreFile.LockOf(_path)))
            throw new StoreException($"A server was started on {_path} meanwhile, so that nothing can be said of it. Ask that server to verify it.");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Database.Dispose();
        _lock?.Dispose();
    }

    // A copy of the file alone has no lock, and nothing is made here.
    private static FileStream? Lock(string path)
    {
        string name = StoreFile.LockOf(path);
        if (!File.Exists(name))
            return null;
        try
        {
            return new FileStream(name, FileMode.Open, FileAccess.Read, FileShare.None);
        }
        catch (IOException fault) when (File.Exists(name))
        {
            throw new StoreException(
                $"{path} is in use by a running server. Ask that server to verify it, with --address and the same --data, or stop it first.", fault);
        }
    }

    private static Database Connect(string path)
    {
        if (StoreFile.LogBytes(path) == 0)
            return Database.OpenUntouched(path);
        Database database = Database.OpenAlone(path);
        try
        {
            if (database.IsReadOnly)
            {
                throw new StoreException(
                    $"{path} was not closed, and what was written last is in its write-ahead log: SQLite reads that only where it may write. "
                    + "Copy the directory, and verify the copy.");
            }

            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }
}
