using System.Collections.Concurrent;

namespace Metering.Ledger.Sqlite;

/// <summary>Connections for reading batches: opening one takes longer than most readings, so that some are kept.</summary>
internal sealed class ReadConnections(StoreFile file, ArchiveFolder folder) : IDisposable
{
    private const int KeptMaximum = 4;

    private readonly ArchiveOffsets _offsets = new();
    private readonly ConcurrentBag<ReadConnection> _kept = [];
    private volatile bool _isClosed;

    /// <summary>Reads something with a connection of its own, and says in words what went wrong with it.</summary>
    /// <exception cref="StoreException">The store cannot be read, or an archive.</exception>
    public T Read<T>(Func<ReadConnection, T> reading)
    {
        if (_isClosed)
            throw new StoreException($"{file.Path} is closing: nothing can be read any more.") { IsOutage = true };
        ReadConnection? connection = null;
        bool isSound = false;
        try
        {
            connection = _kept.TryTake(out ReadConnection? kept)
                ? kept
                : file.Read(() => new ReadConnection(file.Connect(forWriting: false), folder, _offsets));
            T read = reading(connection);
            isSound = true;
            return read;
        }
        catch (UnknownCursorException)
        {
            isSound = true;
            throw;
        }
        catch (SqliteFault fault)
        {
            throw new StoreException($"{file.Path} cannot be read: {fault.Message} Check file and disk, or restore it from a backup.", fault);
        }
        catch (ArchiveDamageException damage)
        {
            throw new StoreException(damage.Message, damage);
        }
        finally
        {
            GiveBack(connection, isSound);
        }
    }

    /// <summary>Closes those that are not in use; the others are closed when they are given back.</summary>
    public void Dispose()
    {
        _isClosed = true;
        while (_kept.TryTake(out ReadConnection? connection))
            connection.Dispose();
    }

    private void GiveBack(ReadConnection? connection, bool isSound)
    {
        if (connection is null)
            return;
        if (!isSound || _isClosed || _kept.Count >= KeptMaximum)
        {
            connection.Dispose();
            return;
        }

        connection.Rest();
        _kept.Add(connection);
        if (_isClosed)
            Dispose(); // it was closed meanwhile: nobody else may be left to do it
    }
}
