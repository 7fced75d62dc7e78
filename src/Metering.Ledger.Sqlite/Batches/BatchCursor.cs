namespace Metering.Ledger.Sqlite;

/// <summary>Goes through stored batches in order, one short read each.</summary>
internal sealed class BatchCursor(Database database, long first, long last) : IBatches
{
    private readonly Statement _next = database.Prepare(
        "SELECT number, records, body FROM batch WHERE number >= ?1 AND number <= ?2 ORDER BY number LIMIT 1");

    private long _following = first;
    private byte[] _body = [];
    private int _length;

    /// <inheritdoc/>
    public long Number { get; private set; }

    /// <inheritdoc/>
    public long Records { get; private set; }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Body => _body.AsSpan(0, _length);

    /// <summary>Goes to the next batch; false after the last.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public bool Next()
    {
        try
        {
            if (!_next.Bind(1, _following).Bind(2, last).Step())
                return false;
            Number = _next.Number(0);
            _following = Number + 1;
            Records = _next.Number(1);
            ReadOnlySpan<byte> body = _next.Bytes(2);
            _length = body.Length;
            if (_body.Length < body.Length)
                _body = new byte[body.Length * 2];
            body.CopyTo(_body);
            return true;
        }
        catch (SqliteFault fault)
        {
            throw new StoreException(
                $"{database.Path} is damaged after batch {_following - 1}: {fault.Message} Restore it from a backup.", fault);
        }
        finally
        {
            _next.Reset();
        }
    }

    /// <summary>Number of the batch that <see cref="Next"/> looks for.</summary>
    public long Following => _following;

    /// <summary>Passes the batch over that cannot be read; false when it was the last.</summary>
    public bool SkipUnreadable() => ++_following <= last;

    /// <inheritdoc/>
    /// <exception cref="StoreException">The batch is damaged, or was archived.</exception>
    public BatchReader Read() => _length == BatchBody.ChecksumBytes
        ? throw new StoreException($"Batch {Number} has no records any more: they were archived. Begin to read again, or read the archive.")
        : new BatchReader(Number, Records, Body);

    /// <inheritdoc/>
    public void Dispose() => _next.Dispose();
}
