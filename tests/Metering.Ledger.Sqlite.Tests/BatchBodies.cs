using System.Buffers.Binary;

namespace Metering.Ledger.Sqlite.Tests;

/// <summary>Bodies of batches in tests: made by any version's writer, sealed, read back.</summary>
internal static class BatchBodies
{
    public const long Received = 1_772_368_200_000_000_000;

    public static readonly Guid Request = new(Convert.FromHexString("000102030405060708090a0b0c0d0e0f"), bigEndian: true);

    /// <summary>Three records of two requests, with the least and the greatest of everything.</summary>
    public static IReadOnlyList<UsageWrite> Samples =>
    [
        Write(7, Received, (new UInt128(1, 2), 3, 5, Received - 3_600_000_000_001), (new UInt128(0xFFFE_FDFC_FBFA_F9F8, 0xF7F6_F5F4_F3F2_F1F0), 300, long.MaxValue, Received - 3_600_000_000_000)),
        Write(8, Received + 2, (9, 3, 1, Received + 2)),
    ];

    /// <summary>An accepted request of an account with the number 11.</summary>
    public static UsageWrite Write(int owner, long received, params (UInt128 Uuid, int Sku, long Quantity, long Timestamp)[] records)
    {
        var write = new UsageWrite { OwnerKey = owner, AccountKey = 11, RequestId = Request, ReceivedUnixNanoseconds = received };
        foreach ((UInt128 uuid, int sku, long quantity, long timestamp) in records)
        {
            ref UsageRecord record = ref write.AddRecord();
            (record.Uuid, record.SkuKey, record.Quantity) = (uuid, sku, quantity);
            (record.TimestampSeconds, long nanoseconds) = Math.DivRem(timestamp, 1_000_000_000);
            record.TimestampNanoseconds = (int)nanoseconds;
        }

        return write;
    }

    /// <summary>The records that a reader must find.</summary>
    public static List<CountedRecord> RecordsOf(IEnumerable<UsageWrite> writes) =>
    [
        .. writes.SelectMany(write => write.Records.ToArray().Where(record => record.Verdict == Verdict.Accepted).Select(record => new CountedRecord(
            record.Uuid, write.OwnerKey, record.SkuKey, record.Quantity, record.TimestampUnixNanoseconds, write.ReceivedUnixNanoseconds, write.AccountKey, write.RequestId))),
    ];

    /// <summary>The row of a batch, as it is written now.</summary>
    public static byte[] Columnar(long number, IEnumerable<UsageWrite> writes) => Fill(new BatchWriter(), number, writes);

    /// <summary>As <see cref="Columnar"/>, with a writer that was used before.</summary>
    public static byte[] Fill(BatchWriter writer, long number, IEnumerable<UsageWrite> writes)
    {
        writer.Clear();
        foreach (UsageWrite write in writes)
            writer.Add(write, AcceptedOf(write));
        return writer.Finish(number).ToArray();
    }

    /// <summary>The row of a batch, as version 1 was written.</summary>
    public static byte[] Recordwise(long number, IEnumerable<UsageWrite> writes)
    {
        var writer = new RecordwiseWriter();
        writer.Clear();
        foreach (UsageWrite write in writes)
            writer.Add(write, AcceptedOf(write));
        return writer.Finish(number).ToArray();
    }

    /// <summary>A body with its checksum.</summary>
    public static byte[] Sealed(long number, byte[] body)
    {
        byte[] row = [.. body, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32LittleEndian(row.AsSpan(body.Length), Crc32C.OfBatch(number, body));
        return row;
    }

    /// <summary>A row without its checksum.</summary>
    public static byte[] Unsealed(byte[] row) => row[..^BatchBody.ChecksumBytes];

    public static List<CountedRecord> Read(long number, long count, byte[] row)
    {
        var records = new List<CountedRecord>();
        var reader = new BatchReader(number, count, row);
        while (reader.Next(out CountedRecord record))
            records.Add(record);
        return records;
    }

    private static int AcceptedOf(UsageWrite write)
    {
        int accepted = 0;
        foreach (ref UsageRecord record in write.Records)
            accepted += record.Verdict == Verdict.Accepted ? 1 : 0;
        return accepted;
    }
}
