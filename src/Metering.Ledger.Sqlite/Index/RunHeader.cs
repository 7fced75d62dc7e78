using System.Buffers.Binary;
using System.Numerics;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// The first bytes of a run's file, version 1; they give every other part its place. Numbers are little-endian.
/// <code>
/// file      = header chunk* directory filter footer
/// header    = "MKTMRUN"(7 bytes) version(1) ledger(16) firstBatch(8) lastBatch(8) lastBatchChecksum(4) entries(8) crc32c(4)
/// chunk     = entry* crc32c(4: of the chunk's number and its entries)
/// entry     = upper lower(8) batch          upper: the key's upper half without the chunk's bits; batch: less firstBatch
/// directory = entriesUpTo(4)* crc32c(4)     for each chunk: entries in it and in all before
/// filter    = block(64)* crc32c(4)          see RunFilter
/// footer    = length(8: of the file) crc32c(4: of the header and the length)
/// </code>
/// Chunks divide the keys by their first bits, so many that about 96 to 192 keys share one. The widths of upper and batch
/// are the fewest bytes that do.
/// </summary>
internal readonly record struct RunHeader(Guid Ledger, long FirstBatch, long LastBatch, uint LastBatchChecksum, long Entries)
{
    /// <summary>The version that is written.</summary>
    public const byte Version = 1;

    /// <summary>Bytes of the header.</summary>
    public const int Bytes = HeadBytes + ChecksumBytes;

    /// <summary>Bytes of a checksum.</summary>
    public const int ChecksumBytes = sizeof(uint);

    /// <summary>Bytes of the footer.</summary>
    public const int FooterBytes = sizeof(long) + ChecksumBytes;

    /// <summary>Most entries in one run: the directory counts them in 32 bits.</summary>
    public const long EntriesMaximum = uint.MaxValue;

    private const int HeadBytes = 7 + 1 + 16 + 8 + 8 + 4 + 8;
    private const int ChunkEntriesMaximum = 192; // on average
    private const int LowerBytes = sizeof(ulong);

    private static ReadOnlySpan<byte> Magic => "MKTMRUN"u8;

    /// <summary>Leading bits of a key that name its chunk.</summary>
    public int ChunkBits => Entries <= ChunkEntriesMaximum ? 0 : BitOperations.Log2((ulong)(Entries - 1) / ChunkEntriesMaximum) + 1;

    /// <summary>Number of chunks.</summary>
    public int Chunks => 1 << ChunkBits;

    /// <summary>Bytes of an entry's upper part.</summary>
    public int UpperBytes => sizeof(ulong) - (ChunkBits / 8);

    /// <summary>Bytes of an entry's batch.</summary>
    public int BatchBytes => (BitOperations.Log2((ulong)(LastBatch - FirstBatch) | 1) / 8) + 1;

    /// <summary>Bytes of an entry.</summary>
    public int EntryBytes => UpperBytes + LowerBytes + BatchBytes;

    /// <summary>Where the directory begins.</summary>
    public long DirectoryStart => Bytes + (Entries * EntryBytes) + ((long)Chunks * ChecksumBytes);

    /// <summary>Bytes of the directory, without its checksum.</summary>
    public int DirectoryBytes => Chunks * sizeof(uint);

    /// <summary>Where the filter begins.</summary>
    public long FilterStart => DirectoryStart + DirectoryBytes + ChecksumBytes;

    /// <summary>Bytes of the filter, without its checksum.</summary>
    public long FilterBytes => RunFilter.BlocksFor(Entries) * RunFilter.BlockBytes;

    /// <summary>Where the footer begins.</summary>
    public long FooterStart => FilterStart + FilterBytes + ChecksumBytes;

    /// <summary>Length of the file.</summary>
    public long FileBytes => FooterStart + FooterBytes;

    /// <summary>Where a chunk begins, which so many entries come before.</summary>
    public long ChunkStart(int chunk, long entriesBefore) => Bytes + (entriesBefore * EntryBytes) + ((long)chunk * ChecksumBytes);

    /// <summary>Writes the header.</summary>
    public void Write(Span<byte> header)
    {
        Magic.CopyTo(header);
        header[7] = Version;
        Ledger.TryWriteBytes(header[8..], bigEndian: true, out _);
        BinaryPrimitives.WriteInt64LittleEndian(header[24..], FirstBatch);
        BinaryPrimitives.WriteInt64LittleEndian(header[32..], LastBatch);
        BinaryPrimitives.WriteUInt32LittleEndian(header[40..], LastBatchChecksum);
        BinaryPrimitives.WriteInt64LittleEndian(header[44..], Entries);
        BinaryPrimitives.WriteUInt32LittleEndian(header[HeadBytes..], Crc32C.Of(header[..HeadBytes]));
    }

    /// <summary>Writes the footer that belongs to the header.</summary>
    public void WriteFooter(Span<byte> footer)
    {
        Span<byte> bytes = stackalloc byte[Bytes + sizeof(long)];
        Write(bytes);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[Bytes..], FileBytes);
        bytes[Bytes..].CopyTo(footer);
        BinaryPrimitives.WriteUInt32LittleEndian(footer[sizeof(long)..], Crc32C.Of(bytes));
    }

    /// <summary>Reads a header; false when it is none, or not one that this program knows.</summary>
    public static bool TryRead(ReadOnlySpan<byte> header, out RunHeader read)
    {
        read = default;
        if (header.Length < Bytes || !header.StartsWith(Magic) || header[7] != Version
            || BinaryPrimitives.ReadUInt32LittleEndian(header[HeadBytes..]) != Crc32C.Of(header[..HeadBytes]))
        {
            return false;
        }

        read = new RunHeader(
            new Guid(header[8..24], bigEndian: true),
            BinaryPrimitives.ReadInt64LittleEndian(header[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(header[32..]),
            BinaryPrimitives.ReadUInt32LittleEndian(header[40..]),
            BinaryPrimitives.ReadInt64LittleEndian(header[44..]));
        return read.FirstBatch >= 1 && read.LastBatch >= read.FirstBatch && read.Entries is >= 1 and <= EntriesMaximum;
    }
}
