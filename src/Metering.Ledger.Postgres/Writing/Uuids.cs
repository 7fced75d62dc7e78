namespace Metering.Ledger.Postgres;

/// <summary>A uuid's value as the driver wants it. PostgreSQL orders uuids by their bytes, which is the order of the numbers.</summary>
internal static class Uuids
{
    /// <summary>The driver's form.</summary>
    public static Guid ToGuid(UInt128 uuid)
    {
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, uuid);
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>The value.</summary>
    public static UInt128 FromGuid(Guid uuid)
    {
        Span<byte> bytes = stackalloc byte[16];
        uuid.TryWriteBytes(bytes, bigEndian: true, out _);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
