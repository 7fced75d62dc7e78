using System.Buffers.Binary;

namespace Metering.Ledger.Sqlite;

/// <summary>Goes through the batches of an archive in order.</summary>
/// <param name="archive">The archive, which must stay open.</param>
/// <param name="start">Where a batch begins in the file.</param>
/// <param name="first">Its number.</param>
internal sealed class ArchiveCursor(ArchiveFile archive, long start, long first) : IBatches
{
    private long _following = start;
    private byte[] _body = [];
    private int _length;

    /// <inheritdoc/>
    public long Number { get; private set; } = first - 1;

    /// <inheritdoc/>
    public long Records { get; private set; }

    /// <summary>Where the batch begins in the file.</summary>
    public long Offset { get; private set; }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Body => _body.AsSpan(0, _length);

    /// <inheritdoc/>
    /// <exception cref="ArchiveDamageException">What comes is no batch, or not the next.</exception>
    public bool Next()
    {
        ArchiveHeader header = archive.Header;
        if (_following >= header.EndStart)
            return Number == header.LastBatch ? false : throw archive.Damage($"it ends after batch {Number}");
        Span<byte> head = stackalloc byte[ArchiveHeader.BatchHeadBytes];
        archive.ReadFully(head, _following);
        long number = BinaryPrimitives.ReadInt64LittleEndian(head);
        _length = BinaryPrimitives.ReadInt32LittleEndian(head[12..]);
        if (number != Number + 1 || _length < 0 || _length > header.EndStart - _following - head.Length)
            throw archive.Damage($"batch {Number + 1} does not begin at byte {_following}");
        Number = number;
        Records = BinaryPrimitives.ReadInt32LittleEndian(head[8..]);
        Offset = _following;
        if (_body.Length < _length)
            _body = new byte[_length * 2];
        archive.ReadFully(_body.AsSpan(0, _length), _following + head.Length);
        _following += head.Length + _length;
        return true;
    }

    /// <inheritdoc/>
    /// <exception cref="ArchiveDamageException">The batch is damaged.</exception>
    public BatchReader Read()
    {
        try
        {
            return new BatchReader(Number, Records, Body);
        }
        catch (StoreException fault)
        {
            throw archive.Damage(fault.Message);
        }
    }

    /// <summary>Nothing: the archive is the caller's.</summary>
    public void Dispose()
    {
    }
}
