namespace Metering.Ledger.Sqlite;

/// <summary>Goes through a run from its first entry to its last, reading a good stretch of the file at a time.</summary>
internal sealed class RunCursor(Run run) : ISortedEntries
{
    private const int StretchBytes = 256 * 1024;

    private readonly RunEntryCodec _codec = new(run.Header);
    private byte[] _buffer = new byte[StretchBytes * 2];
    private int _position;
    private int _chunk = -1;
    private int _left;
    private int _chunksRead;

    /// <inheritdoc/>
    /// <exception cref="RunDamageException">What comes next is damaged.</exception>
    public bool Next(out IndexEntry entry)
    {
        while (_left == 0)
        {
            if (!NextChunk())
            {
                entry = default;
                return false;
            }
        }

        entry = _codec.Read(ref _buffer[_position], _chunk);
        _position += _codec.EntryBytes;
        _left--;
        return true;
    }

    private bool NextChunk()
    {
        if (_chunk + 1 == run.Header.Chunks)
            return false;
        _position = _chunk + 1 == _chunksRead ? 0 : _position + RunHeader.ChecksumBytes;
        _chunk++;
        if (_chunk == _chunksRead)
            ReadStretch();
        _left = run.EntriesIn(_chunk);
        return true;
    }

    private void ReadStretch()
    {
        int count = 1;
        for (int bytes = BytesOf(_chunk); _chunk + count < run.Header.Chunks; count++)
        {
            bytes += BytesOf(_chunk + count);
            if (bytes > StretchBytes)
                break;
        }

        run.ReadChunks(_chunk, count, ref _buffer);
        _chunksRead = _chunk + count;
    }

    private int BytesOf(int chunk) => (run.EntriesIn(chunk) * run.Header.EntryBytes) + RunHeader.ChecksumBytes;
}
