namespace Metering.Ledger.Sqlite;

/// <summary>What is known of the bytes of stored rejections. A version that was released never changes and stays readable.</summary>
/// <remarks>
/// Integers are LEB128 (seven bits a byte, lowest first), signed ones zigzag; a text is named by its number in the table.
/// <code>
/// body    = version(1 byte: 1) records texts {length bytes} * texts
///           request * until there were all records
///           crc32c(4 bytes, little-endian, of the row's number in 8 bytes and all bytes before)
/// request = id(16 bytes) kind(1 byte) target(text) owner account received(signed, ns, less the request's before) records
///           record * records
/// record  = flags(1 byte: reason in the lowest 3 bits, then uuid, timestamp, cut, differences) place
///           uuid(16 bytes, big-endian, if its spelling is lower-case and of the accepted form; else a text) sku(text)
///           quantity(signed)
///           if timestamp:   seconds(signed, less those of received) nanoseconds(signed)
///           if differences: differences(1 byte)
/// </code>
/// Beside the body stands, for each record in order, what its uuid is looked up by: the CRC-32C of the uuid's 16 bytes, or of its
/// text when it has not the accepted form (4 bytes, little-endian). It only ever leads to a body, which then decides.
/// </remarks>
internal static class RejectedBody
{
    /// <summary>Version 1.</summary>
    public const byte Version = 1;

    /// <summary>The bits of the reason.</summary>
    public const byte ReasonMask = 0b111;

    /// <summary>The uuid is 16 bytes.</summary>
    public const byte HasUuidValue = 1 << 3;

    /// <summary>There is a timestamp.</summary>
    public const byte HasTimestamp = 1 << 4;

    /// <summary>Some text was cut off.</summary>
    public const byte IsCut = 1 << 5;

    /// <summary>There are differences.</summary>
    public const byte HasDifferences = 1 << 6;

    /// <summary>Bytes beside the body for each record.</summary>
    public const int FingerprintBytes = sizeof(uint);

    /// <summary>What a uuid's spelling is looked up by.</summary>
    public static uint FingerprintOf(ReadOnlySpan<byte> uuid)
    {
        if (!RecordUuid.TryParse(uuid, out UInt128 value))
            return Crc32C.Of(uuid);
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        return Crc32C.Of(bytes);
    }
}
