using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// A sealed part of the index: every key of some consecutive batches, sorted, in a file that never changes, with its
/// filter in memory. Used by several threads; each holds it (<see cref="Retain"/>) while it uses it.
/// </summary>
internal sealed class Run(string path, RunHeader header, SafeFileHandle file, uint[] directory, RunFilter filter)
{
    private int _holders = 1;

    /// <summary>The file.</summary>
    public string Path => path;

    /// <summary>What it covers.</summary>
    public RunHeader Header => header;

    /// <summary>Memory that it takes, in bytes.</summary>
    public long MemoryBytes => filter.Bytes + (directory.Length * sizeof(uint));

    /// <summary>The filter.</summary>
    public RunFilter Filter => filter;

    /// <summary>Entries in a chunk and in all before it.</summary>
    public ReadOnlySpan<uint> Directory => directory;

    /// <summary>One more uses it. Only who holds it, or keeps others from releasing it, may call this.</summary>
    public void Retain() => Interlocked.Increment(ref _holders);

    /// <summary>One less uses it; the last closes it.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) > 0)
            return;
        file.Dispose();
        filter.Dispose();
    }

    /// <summary>Takes the file away, so that it is not found any more. Who holds the run can still use it.</summary>
    public void Delete() => File.Delete(path);

    /// <summary>Reads consecutive chunks, each with its checksum, into a buffer that ends with some slack.</summary>
    /// <param name="first">The first chunk.</param>
    /// <param name="count">How many.</param>
    /// <param name="buffer">Grown when it is too small.</param>
    /// <returns>Bytes of the chunks.</returns>
    /// <exception cref="RunDamageException">They are not what was written.</exception>
    public int ReadChunks(int first, int count, ref byte[] buffer)
    {
        long before = first == 0 ? 0 : directory[first - 1];
        long start = header.ChunkStart(first, before);
        int length = (int)(header.ChunkStart(first + count, directory[first + count - 1]) - start);
        if (buffer.Length < length + RunEntryCodec.SlackBytes)
            buffer = new byte[(length + RunEntryCodec.SlackBytes) * 2];
        RunFile.ReadFully(file, path, buffer.AsSpan(0, length), start);
        int position = 0;
        for (int chunk = first; chunk < first + count; chunk++)
        {
            int bytes = EntriesIn(chunk) * header.EntryBytes;
            uint stored = BinaryPrimitives.ReadUInt32LittleEndian(buffer.AsSpan(position + bytes));
            if (stored != Crc32C.OfNumbered(chunk, buffer.AsSpan(position, bytes)))
                throw new RunDamageException(path, $"the checksum of chunk {chunk} does not fit");
            position += bytes + RunHeader.ChecksumBytes;
        }

        return length;
    }

    /// <summary>Entries in a chunk.</summary>
    public int EntriesIn(int chunk) => (int)(directory[chunk] - (chunk == 0 ? 0 : directory[chunk - 1]));
}
