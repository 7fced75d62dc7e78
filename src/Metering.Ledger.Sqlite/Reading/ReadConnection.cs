using System.Buffers.Binary;
using SQLitePCL;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// Reads batches by number, one at a time, from the ledger or from the archive that they went to. Used by one thread at a
/// time; lent by <see cref="ReadConnections"/>.
/// </summary>
internal sealed class ReadConnection : IDisposable
{
    private const int HeadBytes = 64; // enough for the time of the first reception, in any version

    private readonly Database _database;
    private readonly ArchiveFolder _folder;
    private readonly ArchiveOffsets _offsets;
    private readonly Statement _last;
    private readonly Statement _batch;
    private readonly Statement _archive;
    private ArchiveFile? _open;
    private ArchiveCursor? _cursor;

    /// <summary>Takes the connection over.</summary>
    public ReadConnection(Database database, ArchiveFolder folder, ArchiveOffsets offsets)
    {
        _database = database;
        _folder = folder;
        _offsets = offsets;
        _last = database.Prepare("SELECT max(number) FROM batch");
        _batch = database.Prepare("SELECT records, body FROM batch WHERE number = ?1");
        _archive = database.Prepare("SELECT file, last_batch FROM archive WHERE first_batch <= ?1 ORDER BY first_batch DESC LIMIT 1");
    }

    /// <summary>What reads a batch; its bytes are good until it returns.</summary>
    public delegate T Reading<out T>(long records, ReadOnlySpan<byte> body);

    /// <summary>The connection, for other questions.</summary>
    public Database Database => _database;

    /// <summary>Number of the last batch; 0 when there is none.</summary>
    public long LastBatch()
    {
        try
        {
            return _last.Step() ? _last.Number(0) : 0;
        }
        finally
        {
            _last.Reset();
        }
    }

    /// <summary>Reads a batch, wherever it is.</summary>
    /// <exception cref="StoreException">It is damaged or missing, or was archived and the archive is not there.</exception>
    public T Read<T>(long number, Reading<T> reading)
    {
        try
        {
            if (!_batch.Bind(1, number).Step())
                throw BatchReader.Damage(number, "it is missing");
            ReadOnlySpan<byte> body = _batch.Bytes(1);
            if (body.Length != BatchBody.ChecksumBytes)
                return reading(_batch.Number(0), body);
        }
        finally
        {
            _batch.Reset();
        }

        IBatches archived = Archived(number);
        try
        {
            return reading(archived.Records, archived.Body);
        }
        catch (StoreException damage)
        {
            throw _open!.Damage(damage.Message);
        }
    }

    /// <summary>The checksum that a batch carries, archived or not.</summary>
    public uint ChecksumOf(long number)
    {
        sqlite3_blob body = Open(number, out int length);
        using (body)
        {
            Span<byte> checksum = stackalloc byte[BatchBody.ChecksumBytes];
            if (length < checksum.Length)
                throw BatchReader.Damage(number, $"it has only {length} bytes");
            _database.Check(raw.sqlite3_blob_read(body, checksum, length - checksum.Length));
            return BinaryPrimitives.ReadUInt32LittleEndian(checksum);
        }
    }

    /// <summary>
    /// When the first record of a batch was received, in nanoseconds since 1970; null when its records were dropped from the
    /// ledger. Reads its first bytes alone, and so cannot tell whether they are damaged.
    /// </summary>
    public long? FirstReceptionOf(long number)
    {
        sqlite3_blob body = Open(number, out int length);
        using (body)
        {
            if (length <= BatchBody.ChecksumBytes)
                return null;
            Span<byte> head = stackalloc byte[Math.Min(HeadBytes, length)];
            _database.Check(raw.sqlite3_blob_read(body, head, 0));
            return BatchReader.FirstReception(number, head);
        }
    }

    /// <summary>Closes what was opened on the way; the connection waits for its next use.</summary>
    public void Rest()
    {
        _cursor = null;
        _open?.Dispose();
        _open = null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Rest();
        _last.Dispose();
        _batch.Dispose();
        _archive.Dispose();
        _database.Dispose();
    }

    private sqlite3_blob Open(long number, out int length)
    {
        int code = raw.sqlite3_blob_open(_database.Handle, "main", "batch", "body", number, 0, out sqlite3_blob body);
        if (code == raw.SQLITE_ERROR)
            throw BatchReader.Damage(number, "it is missing");
        _database.Check(code);
        length = raw.sqlite3_blob_bytes(body);
        return body;
    }

    private ArchiveCursor Archived(long number)
    {
        if (_cursor is null || _open is null || number > _open.Header.LastBatch || number < _open.Header.FirstBatch)
        {
            Rest();
            _open = OpenArchiveOf(number);
        }

        if (_cursor is null || number != _cursor.Number + 1)
            _cursor = new ArchiveCursor(_open, _offsets.Find(_open, number), number);
        return _cursor.Next() ? _cursor : throw _open.Damage($"it ends before batch {number}");
    }

    private ArchiveFile OpenArchiveOf(long number)
    {
        string name;
        try
        {
            if (!_archive.Bind(1, number).Step() || _archive.Number(1) < number)
                throw BatchReader.Damage(number, "its records are missing");
            name = _archive.Text(0);
        }
        finally
        {
            _archive.Reset();
        }

        if (_folder.Find(name) is not { } path)
        {
            throw new StoreException($"These records are in the archive {name}, which is not in the folder 'archives' beside the "
                + "ledger. Put it back there, then read again.") { IsArchiveAbsent = true };
        }

        ArchiveFile archive = ArchiveFile.Open(path);
        if (number >= archive.Header.FirstBatch && number <= archive.Header.LastBatch)
            return archive;
        archive.Dispose();
        throw archive.Damage($"it does not hold batch {number}");
    }
}
