using System.Buffers.Binary;

namespace Metering.Ledger.Sqlite.Tests;

public sealed class BatchTests
{
    // What ledgers out there hold. If this fails, a new encoding needs a new version byte and the old reader must stay.
    private const string Frozen =
        "01" // version
        + "07" + "0b" + "000102030405060708090a0b0c0d0e0f" + "80c096c399dfdb9831" + "02" // owner, account, request, received, records
        + "00000000000000010000000000000002" + "03" + "05" + "8180c58bc6d101" // uuid, sku, quantity, one hour and 1 ns before
        + "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0" + "ac02" + "ffffffffffffffff7f" + "02" // the next: 1 ns later
        + "08" + "0b" + "000102030405060708090a0b0c0d0e0f" + "04" + "01"
        + "00000000000000000000000000000009" + "03" + "01" + "00";

    [Fact]
    public void The_encoding_is_frozen()
    {
        var writer = new BatchWriter();
        writer.Clear();
        long received = 1_772_368_200_000_000_000;
        writer.Add(Request(7, received, (new UInt128(1, 2), 3, 5, received - 3_600_000_000_001), (new UInt128(0xFFFE_FDFC_FBFA_F9F8, 0xF7F6_F5F4_F3F2_F1F0), 300, long.MaxValue, received - 3_600_000_000_000)), 2);
        writer.Add(Request(8, received + 2, (9, 3, 1, received + 2)), 1);
        string body = Convert.ToHexStringLower(writer.Finish(1));
        Assert.Equal(Frozen, body[..^8]);
        Assert.Equal("e3069283", $"{Crc32C.Of("123456789"u8):x8}"); // the published check value
        Assert.Equal(Crc32C.OfBatch(1, Convert.FromHexString(Frozen)), BinaryPrimitives.ReadUInt32LittleEndian(writer.Finish(1)[^4..]));
    }

    [Fact]
    public void The_frozen_encoding_is_read()
    {
        List<CountedRecord> records = Read(1, 3, Sealed(1, Convert.FromHexString(Frozen)));
        long received = 1_772_368_200_000_000_000;
        var request = new Guid(Convert.FromHexString("000102030405060708090a0b0c0d0e0f"), bigEndian: true);
        Assert.Equal(new CountedRecord(new UInt128(1, 2), 7, 3, 5, received - 3_600_000_000_001, received, 11, request), records[0]);
        Assert.Equal((300, long.MaxValue, received - 3_600_000_000_000), (records[1].SkuKey, records[1].Quantity, records[1].TimestampUnixNanoseconds));
        Assert.Equal(new CountedRecord(9, 8, 3, 1, received + 2, received + 2, 11, request), records[2]);
    }

    [Fact]
    public void Random_records_are_read_as_they_were_written()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var writer = new BatchWriter();
            writer.Clear();
            var expected = new List<(UInt128, int, long, long, long)>();
            for (int request = random.Next(1, 30); request > 0; request--)
            {
                long received = random.NextInt64(-1L << 60, 1L << 62);
                var records = Enumerable.Range(0, random.Next(1, 26)).Select(_ => (
                    new UInt128((ulong)random.NextInt64(), (ulong)random.NextInt64()), random.Next(), random.NextInt64(1, 1L << random.Next(1, 63)), received - random.NextInt64(0, 1L << 50))).ToArray();
                writer.Add(Request(random.Next(), received, records), records.Length);
                expected.AddRange(records.Select(record => (record.Item1, record.Item2, record.Item3, record.Item4, received)));
            }

            List<CountedRecord> read = Read(seed, expected.Count, writer.Finish(seed).ToArray());
            Assert.Equal(expected, read.Select(record => (record.Uuid, record.SkuKey, record.Quantity, record.TimestampUnixNanoseconds, record.AcceptedUnixNanoseconds)));
        }
    }

    [Fact]
    public void Every_flipped_bit_and_every_shortening_is_found()
    {
        byte[] row = Sealed(17, Convert.FromHexString(Frozen));
        for (int bit = 0; bit < row.Length * 8; bit++)
        {
            byte[] flipped = [.. row];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Contains("Batch 17 is damaged", Assert.Throws<StoreException>(() => Read(17, 3, flipped)).Message);
        }

        for (int length = 0; length < row.Length; length++)
            Assert.Throws<StoreException>(() => Read(17, 3, row[..length]));
        Assert.Throws<StoreException>(() => Read(18, 3, row)); // in the wrong row
        Assert.Throws<StoreException>(() => Read(17, 2, row)); // a count that is not the body's
        Assert.Equal(3, Read(17, 3, row).Count);
    }

    [Fact]
    public void A_hostile_body_with_a_sound_checksum_is_read_or_refused_by_name()
    {
        byte[] frozen = Convert.FromHexString(Frozen);
        int refused = 0;
        for (int seed = 0; seed < 20_000; seed++)
        {
            var random = new Random(seed);
            byte[] body = [.. frozen[..random.Next(1, frozen.Length + 1)]];
            for (int change = random.Next(0, 6); change > 0; change--)
                body[random.Next(body.Length)] = random.Next(3) == 0 ? (byte)0xFF : (byte)random.Next(256);
            try
            {
                Read(5, random.Next(0, 4), Sealed(5, body));
            }
            catch (StoreException damage)
            {
                Assert.StartsWith("Batch 5 is damaged: ", damage.Message);
                refused++;
            }
        }

        Assert.InRange(refused, 10_000, 19_999);
    }

    private static UsageWrite Request(int owner, long received, params (UInt128 Uuid, int Sku, long Quantity, long Timestamp)[] records)
    {
        var request = new Guid(Convert.FromHexString("000102030405060708090a0b0c0d0e0f"), bigEndian: true);
        var write = new UsageWrite { OwnerKey = owner, AccountKey = 11, RequestId = request, ReceivedUnixNanoseconds = received };
        foreach ((UInt128 uuid, int sku, long quantity, long timestamp) in records)
        {
            ref UsageRecord record = ref write.AddRecord();
            (record.Uuid, record.SkuKey, record.Quantity) = (uuid, sku, quantity);
            (record.TimestampSeconds, long nanoseconds) = Math.DivRem(timestamp, 1_000_000_000);
            record.TimestampNanoseconds = (int)nanoseconds;
        }

        return write;
    }

    private static byte[] Sealed(long number, byte[] body)
    {
        byte[] row = [.. body, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32LittleEndian(row.AsSpan(body.Length), Crc32C.OfBatch(number, body));
        return row;
    }

    private static List<CountedRecord> Read(long number, long count, byte[] row)
    {
        var records = new List<CountedRecord>();
        var reader = new BatchReader(number, count, row);
        while (reader.Next(out CountedRecord record))
            records.Add(record);
        return records;
    }
}
