namespace Metering.Ledger.Sqlite;

/// <summary>What the versions of a stored batch share. A version that was released never changes and stays readable.</summary>
/// <remarks>
/// Every version begins with its number in one byte and ends with a checksum of the batch's number and all bytes before.
/// Integers are little-endian or LEB128 (seven bits a byte, lowest first); signed ones in LEB128 are zigzag.
/// Version 1, record by record, was written until version 2 came: see <see cref="RecordwiseReader"/>.
/// Version 2, column by column, is written by <see cref="BatchWriter"/>:
/// <code>
/// body       = version(1 byte: 2) records(4 bytes) requests(4 bytes) base(8 bytes, ns) uuid(16 bytes, big-endian) * records
///              per request: owner:keys account:keys received:column(less the request's before; the first: less base)
///                           size:column(records of the request) id:ids timestamp:column(of its first record, less base)
///              per record:  sku:keys quantity:column
///              per record but the first of each request: step:column(its timestamp less the record's before)
///              crc32c(4 bytes)
/// keys       = entries(LEB128) block(of so many keys) column(the place of each key among them)
/// column     = block(of 128 values) * as many as are full, block(of the rest, unless there is none)
/// block      = width(1 byte: 0 to 64) unit(1 byte, if width > 0) minimum(signed LEB128)
///              bits(width for each value, lowest first, zeros up to a whole byte); value = minimum + bits * unit
/// ids        = mask(2 bytes: bit n says that byte n differs) the bytes that are equal, once; the others, for each id
/// </code>
/// </remarks>
internal static class BatchBody
{
    /// <summary>Version 1: record by record.</summary>
    public const byte Recordwise = 1;

    /// <summary>Version 2: column by column.</summary>
    public const byte Columnar = 2;

    /// <summary>Bytes of the checksum.</summary>
    public const int ChecksumBytes = sizeof(uint);

    /// <summary>Bytes of a uuid.</summary>
    public const int UuidBytes = 16;

    /// <summary>Bytes of version 2 before its uuids: version, records, requests, base.</summary>
    public const int HeadBytes = 1 + 4 + 4 + 8;
}
