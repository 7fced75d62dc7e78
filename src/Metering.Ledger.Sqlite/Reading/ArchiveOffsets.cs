using System.Buffers.Binary;
using System.Collections.Concurrent;

namespace Metering.Ledger.Sqlite;

/// <summary>Where some of the batches of an archive begin, so that any is found after a few short reads. Made at the first question.</summary>
internal sealed class ArchiveOffsets
{
    private const int Step = 64; // batches from one offset to the next
    private const int ArchivesMaximum = 128;

    private readonly ConcurrentDictionary<string, long[]> _offsets = new(StringComparer.Ordinal);

    /// <summary>Where a batch of the archive begins.</summary>
    /// <exception cref="ArchiveDamageException">The file is not what was written.</exception>
    public long Find(ArchiveFile archive, long batch)
    {
        ArchiveHeader header = archive.Header;
        if (batch == header.FirstBatch)
            return header.BatchesStart;
        if (!_offsets.TryGetValue(archive.Path, out long[]? offsets))
        {
            if (_offsets.Count >= ArchivesMaximum)
                _offsets.Clear();
            _offsets[archive.Path] = offsets = Walk(archive);
        }

        long place = (batch - header.FirstBatch) / Step;
        long offset = offsets[place];
        for (long number = header.FirstBatch + (place * Step); number < batch; number++)
            offset = Next(archive, offset, number);
        return offset;
    }

    private static long[] Walk(ArchiveFile archive)
    {
        ArchiveHeader header = archive.Header;
        long[] offsets = new long[(header.Batches + Step - 1) / Step];
        long offset = header.BatchesStart;
        for (long place = 0; place < header.Batches; place++)
        {
            if (place % Step == 0)
                offsets[place / Step] = offset;
            offset = Next(archive, offset, header.FirstBatch + place);
        }

        return offsets;
    }

    private static long Next(ArchiveFile archive, long offset, long number)
    {
        Span<byte> head = stackalloc byte[ArchiveHeader.BatchHeadBytes];
        if (offset > archive.Header.EndStart - head.Length)
            throw archive.Damage($"it ends before batch {number}");
        archive.ReadFully(head, offset);
        int length = BinaryPrimitives.ReadInt32LittleEndian(head[12..]);
        if (BinaryPrimitives.ReadInt64LittleEndian(head) != number || length < 0)
            throw archive.Damage($"batch {number} does not begin at byte {offset}");
        return offset + head.Length + length;
    }
}
