using System.Buffers.Binary;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// Reads stored rejections. The bytes are not trusted: the outcome is the records that were written or a
/// <see cref="StoreException"/> that names the row, the place and what is wrong.
/// </summary>
internal static class RejectedReader
{
    private const int ChecksumBytes = sizeof(uint);

    /// <summary>Adds the records of a row to a list, in the order in which they were rejected.</summary>
    /// <param name="number">The row's number.</param>
    /// <param name="row">The row's bytes.</param>
    /// <param name="records">Takes the records.</param>
    public static void Read(long number, ReadOnlySpan<byte> row, List<RejectedRecord> records)
    {
        if (row.Length <= ChecksumBytes)
            throw Damage(number, $"they have only {row.Length} bytes");
        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(row[^ChecksumBytes..]);
        uint computed = Crc32C.OfNumbered(number, row[..^ChecksumBytes]);
        if (stored != computed)
            throw Damage(number, $"their checksum is {stored:x8}, but their bytes give {computed:x8}");
        try
        {
            ReadBody(new BodyReader(number, row[..^ChecksumBytes]), records);
        }
        catch (Exception fault) when (fault is StoreException or ArgumentOutOfRangeException or IndexOutOfRangeException)
        {
            throw Damage(number, "their checksum is right, but they cannot be read");
        }
    }

    private static void ReadBody(BodyReader body, List<RejectedRecord> records)
    {
        byte version = body.TakeByte();
        if (version != RejectedBody.Version)
            throw body.Damage($"the encoding has version {version}");
        ulong left = body.TakeUnsigned();
        var texts = new List<string>();
        for (ulong count = body.TakeUnsigned(); count > 0; count--)
            texts.Add(RejectedText.Read(body.Take((long)body.TakeUnsigned())));
        for (long received = 0; left > 0;)
        {
            var id = new Guid(body.Take(16), bigEndian: true);
            var kind = (UsageKind)body.TakeByte();
            string target = texts[(int)body.TakeUnsigned()];
            int owner = (int)body.TakeUnsigned(), account = (int)body.TakeUnsigned();
            received += body.TakeSigned();
            ulong ofRequest = body.TakeUnsigned();
            left -= ofRequest;
            for (; ofRequest > 0; ofRequest--)
            {
                RejectedRecord record = ReadRecord(ref body, texts, received);
                records.Add(record with { RequestId = id, Kind = kind, Target = target, OwnerKey = owner, AccountKey = account });
            }
        }

        if (body.Left > 0)
            throw body.Damage($"{body.Left} bytes are left over");
    }

    private static RejectedRecord ReadRecord(ref BodyReader body, List<string> texts, long received)
    {
        byte flags = body.TakeByte();
        int place = (int)body.TakeUnsigned();
        string uuid = (flags & RejectedBody.HasUuidValue) != 0
            ? RecordUuid.Format(BinaryPrimitives.ReadUInt128BigEndian(body.Take(16)))
            : texts[(int)body.TakeUnsigned()];
        string sku = texts[(int)body.TakeUnsigned()];
        long quantity = body.TakeSigned();
        bool hasTimestamp = (flags & RejectedBody.HasTimestamp) != 0;
        long seconds = hasTimestamp ? unchecked(body.TakeSigned() + (received / 1_000_000_000)) : 0;
        int nanoseconds = hasTimestamp ? (int)body.TakeSigned() : 0;
        return new RejectedRecord
        {
            Uuid = uuid,
            SkuId = sku,
            Kind = default,
            Target = string.Empty,
            OwnerKey = 0,
            AccountKey = 0,
            Quantity = quantity,
            HasTimestamp = hasTimestamp,
            TimestampSeconds = seconds,
            TimestampNanoseconds = nanoseconds,
            Reason = (Verdict)(flags & RejectedBody.ReasonMask),
            ReceivedUnixNanoseconds = received,
            RequestId = Guid.Empty,
            Place = place,
            Differences = (flags & RejectedBody.HasDifferences) != 0 ? (RecordDifferences)body.TakeByte() : RecordDifferences.None,
            IsCut = (flags & RejectedBody.IsCut) != 0,
        };
    }

    private static StoreException Damage(long number, string what) =>
        new($"The rejected records of row {number} are damaged: {what}. What was counted is not concerned; restore a backup to read them.");
}
