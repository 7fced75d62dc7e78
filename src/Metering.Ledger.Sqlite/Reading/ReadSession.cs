using SQLitePCL;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// A reading of one consistent state, in chunks. It holds a read transaction from the first chunk to the last, and for
/// so long the write-ahead log can only grow: hence a lifetime, after which the transaction is given up, whether the
/// one who reads is slow or has gone away. Who meets it reads a smaller range.
/// </summary>
internal sealed class ReadSession<T> : IDisposable
{
    private const int ChunkRows = 1024;

    private readonly Lock _use = new();
    private readonly Database _database;
    private readonly Statement _statement;
    private readonly Func<Statement, T> _row;
    private readonly TimeSpan _lifetime;
    private readonly ITimer _timer;
    private bool _isOver;

    /// <summary>Starts the statement's lifetime; the session owns connection and statement from here on.</summary>
    public ReadSession(Database database, Statement statement, Func<Statement, T> row, TimeSpan lifetime, TimeProvider time)
    {
        _database = database;
        _statement = statement;
        _row = row;
        _lifetime = lifetime;
        _timer = time.CreateTimer(static session => ((ReadSession<T>)session!).Close(), this, lifetime, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Reads the next rows; fewer than a chunk, or none, at the end.</summary>
    /// <exception cref="StoreException">The lifetime is over, or the store cannot be read.</exception>
    public bool Fill(List<T> chunk)
    {
        chunk.Clear();
        lock (_use)
        {
            if (_isOver)
                throw new StoreException($"Reading took longer than {_lifetime} and was given up. Read a smaller range of hours.");
            try
            {
                while (chunk.Count < ChunkRows && _statement.Step())
                    chunk.Add(_row(_statement));
            }
            catch (SqliteFault fault)
            {
                throw new StoreException($"{_database.Path} cannot be read: {fault.Message}", fault);
            }
        }

        return chunk.Count == ChunkRows;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer.Dispose();
        Close();
    }

    private void Close()
    {
        lock (_use)
        {
            if (_isOver)
                return;
            _isOver = true;
            _statement.Dispose();
            _database.Dispose();
        }
    }
}
