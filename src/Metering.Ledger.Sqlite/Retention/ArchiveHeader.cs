using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// The first bytes of an archive, version 1; they give every other part its place. Numbers are little-endian, amounts
/// big-endian. What one release wrote stays readable for ever.
/// <code>
/// file    = header names totals batch* sha256(32: of everything before)
/// header  = "MKTMARC"(7 bytes) version(1) ledger(16) firstBatch(8) lastBatch(8) records(8) bodyBytes(8)
///           firstAccepted(8, ns) lastAccepted(8, ns) nameBytes(8) totals(8) crc32c(4)
/// names   = name* crc32c(4)
/// name    = key(4) kind(4) length(4) JSON(UTF-8: the catalog's object)
/// totals  = total* crc32c(4)                           sorted by owner, SKU and hour
/// total   = owner(4) sku(4) hour(8) quantity(16) records(8)
/// batch   = number(8) records(4) length(4) body        as the ledger had it, with its own checksum: see BatchBody
/// </code>
/// </summary>
/// <param name="Ledger">The ledger that wrote it.</param>
/// <param name="FirstBatch">The first batch; those up to the last follow without a gap.</param>
/// <param name="LastBatch">The last batch.</param>
/// <param name="Records">Records in all of them.</param>
/// <param name="BodyBytes">Bytes of their bodies.</param>
/// <param name="FirstAccepted">When the first record was accepted.</param>
/// <param name="LastAccepted">When the last one was.</param>
/// <param name="NameBytes">Bytes of the names.</param>
/// <param name="Totals">Number of totals.</param>
internal readonly record struct ArchiveHeader(
    Guid Ledger, long FirstBatch, long LastBatch, long Records, long BodyBytes, long FirstAccepted, long LastAccepted, long NameBytes, long Totals)
{
    /// <summary>The version that is written.</summary>
    public const byte Version = 1;

    /// <summary>Bytes of the header.</summary>
    public const int Bytes = HeadBytes + ChecksumBytes;

    /// <summary>Bytes of a checksum.</summary>
    public const int ChecksumBytes = sizeof(uint);

    /// <summary>Bytes of a name before its JSON.</summary>
    public const int NameHeadBytes = 4 + 4 + 4;

    /// <summary>Bytes of a total.</summary>
    public const int TotalBytes = 4 + 4 + 8 + 16 + 8;

    /// <summary>Bytes of a batch before its body.</summary>
    public const int BatchHeadBytes = 8 + 4 + 4;

    private const int HeadBytes = 7 + 1 + 16 + (8 * 8);

    private static ReadOnlySpan<byte> Magic => "MKTMARC"u8;

    /// <summary>Number of batches.</summary>
    public long Batches => LastBatch - FirstBatch + 1;

    /// <summary>Where the names begin.</summary>
    public long NamesStart => Bytes;

    /// <summary>Where the totals begin.</summary>
    public long TotalsStart => NamesStart + NameBytes + ChecksumBytes;

    /// <summary>Where the batches begin.</summary>
    public long BatchesStart => TotalsStart + (Totals * TotalBytes) + ChecksumBytes;

    /// <summary>Where the checksum of everything is.</summary>
    public long EndStart => BatchesStart + (Batches * BatchHeadBytes) + BodyBytes;

    /// <summary>Length of the file.</summary>
    public long FileBytes => EndStart + SHA256.HashSizeInBytes;

    /// <summary>Writes the header.</summary>
    public void Write(Span<byte> header)
    {
        Magic.CopyTo(header);
        header[7] = Version;
        Ledger.TryWriteBytes(header[8..], bigEndian: true, out _);
        ReadOnlySpan<long> numbers = [FirstBatch, LastBatch, Records, BodyBytes, FirstAccepted, LastAccepted, NameBytes, Totals];
        for (int place = 0; place < numbers.Length; place++)
            BinaryPrimitives.WriteInt64LittleEndian(header[(24 + (place * 8))..], numbers[place]);
        BinaryPrimitives.WriteUInt32LittleEndian(header[HeadBytes..], Crc32C.Of(header[..HeadBytes]));
    }

    /// <summary>Reads a header; false when it is none, or not one that this program knows.</summary>
    public static bool TryRead(ReadOnlySpan<byte> header, out ArchiveHeader read)
    {
        read = default;
        if (header.Length < Bytes || !header.StartsWith(Magic) || header[7] != Version
            || BinaryPrimitives.ReadUInt32LittleEndian(header[HeadBytes..]) != Crc32C.Of(header[..HeadBytes]))
        {
            return false;
        }

        Span<long> numbers = stackalloc long[8];
        for (int place = 0; place < numbers.Length; place++)
            numbers[place] = BinaryPrimitives.ReadInt64LittleEndian(header[(24 + (place * 8))..]);
        read = new ArchiveHeader(
            new Guid(header[8..24], bigEndian: true),
            numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6], numbers[7]);
        return read.FirstBatch >= 1 && read.LastBatch >= read.FirstBatch && read.Records >= read.Batches
            && read.BodyBytes >= read.Batches && read.NameBytes >= 0 && read.Totals >= 1;
    }
}
