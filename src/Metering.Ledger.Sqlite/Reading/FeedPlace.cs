using System.Buffers.Binary;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// A place in the order of commits: before a record of a batch. The one after a batch's last record is the one before the
/// next batch, which may not be there yet. As a cursor it also names the ledger, and the checksum of the batch that comes
/// before: a ledger that was restored from a backup and went on otherwise does not know it.
/// <code>
/// cursor = version(1 byte: 1) ledger(its number's first 8 bytes) checksum(4 bytes) batch(8 bytes) record(4 bytes)
/// </code>
/// Integers are big-endian. Cursors are kept by others for years: a version that was released stays readable.
/// </summary>
/// <param name="Batch">Number of the batch, from 1.</param>
/// <param name="Record">Records of it that come before.</param>
internal readonly record struct FeedPlace(long Batch, int Record)
{
    /// <summary>Before the first record; as a cursor, <see cref="LedgerCursor.Start"/>.</summary>
    public static readonly FeedPlace First = new(1, 0);

    private const byte Version = 1;
    private const int LedgerBytes = 8;
    private const int CursorBytes = 1 + LedgerBytes + sizeof(uint) + sizeof(long) + sizeof(int);

    /// <summary>The batch that holds the record before; 0 when there is none.</summary>
    public long BatchBefore => Record > 0 ? Batch : Batch - 1;

    /// <summary>The place after some more records of its batch, which has so many.</summary>
    public FeedPlace After(int records, int ofBatch) =>
        Record + records == ofBatch ? new FeedPlace(Batch + 1, 0) : this with { Record = Record + records };

    /// <summary>The cursor.</summary>
    /// <param name="ledger">The ledger's number.</param>
    /// <param name="checksum">Checksum of <see cref="BatchBefore"/>.</param>
    public LedgerCursor ToCursor(Guid ledger, uint checksum)
    {
        if (this == First)
            return LedgerCursor.Start;
        byte[] bytes = new byte[CursorBytes];
        bytes[0] = Version;
        LedgerOf(ledger).CopyTo(bytes.AsSpan(1));
        Span<byte> rest = bytes.AsSpan(1 + LedgerBytes);
        BinaryPrimitives.WriteUInt32BigEndian(rest, checksum);
        BinaryPrimitives.WriteInt64BigEndian(rest[4..], Batch);
        BinaryPrimitives.WriteInt32BigEndian(rest[12..], Record);
        return new LedgerCursor(bytes);
    }

    /// <summary>Reads a cursor.</summary>
    /// <param name="cursor">The cursor.</param>
    /// <param name="ledger">The number of the ledger that must have given it.</param>
    /// <param name="checksum">What <see cref="BatchBefore"/> must have.</param>
    /// <exception cref="UnknownCursorException">It is none of this ledger.</exception>
    public static FeedPlace Of(LedgerCursor cursor, Guid ledger, out uint checksum)
    {
        checksum = 0;
        if (cursor.IsStart)
            return First;
        ReadOnlySpan<byte> bytes = cursor.Bytes.Span;
        if (bytes.Length != CursorBytes || bytes[0] != Version)
            throw new UnknownCursorException("is no place in the feed of this ledger: its form is not one that this program gives");
        if (!bytes.Slice(1, LedgerBytes).SequenceEqual(LedgerOf(ledger)))
            throw new UnknownCursorException("is a place in the feed of another ledger");
        ReadOnlySpan<byte> rest = bytes[(1 + LedgerBytes)..];
        checksum = BinaryPrimitives.ReadUInt32BigEndian(rest);
        var place = new FeedPlace(BinaryPrimitives.ReadInt64BigEndian(rest[4..]), BinaryPrimitives.ReadInt32BigEndian(rest[12..]));
        return place.Batch >= 1 && place.Record >= 0 && place != First
            ? place
            : throw new UnknownCursorException("is no place in the feed of this ledger");
    }

    private static ReadOnlySpan<byte> LedgerOf(Guid ledger) => ledger.ToByteArray(bigEndian: true).AsSpan(0, LedgerBytes);
}
