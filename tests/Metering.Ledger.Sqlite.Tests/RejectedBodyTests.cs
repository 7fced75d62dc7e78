namespace Metering.Ledger.Sqlite.Tests;

/// <summary>Stored rejections: their bytes are frozen, read as they were written, and nothing else is taken for them.</summary>
public sealed class RejectedBodyTests
{
    private const string Frozen = "01020301690173017800112233445566778899aabbccddeeff0100070be8c7a8ca9a3a021a000123456789ab4def8123456789abcdef0105030a010102010252708ef0";
    private const string Fingerprints = "3ab76dd9935f3ca9";

    private static readonly RejectedSpec[] Specs =
    [
        new("01234567-89ab-4def-8123-456789abcdef") { Sku = "s", Quantity = -3, Timestamp = (998, 5) },
        new("x", Verdict.InvalidId) { Sku = "s", Timestamp = null },
    ];

    [Fact]
    public void Version_1_is_frozen()
    {
        RejectedWriter writer = Fill(new RejectedWriter());
        Assert.Equal(Frozen, Convert.ToHexStringLower(writer.Finish(42)));
        Assert.Equal(Fingerprints, Convert.ToHexStringLower(writer.Fingerprints));
        Assert.Equal((2, 1_000_000_000_500, 1_000_000_000_500), (writer.Records, writer.FirstReceived, writer.LastReceived));
        List<RejectedRecord> read = Read(42, Convert.FromHexString(Frozen));
        Assert.Equal(
            ["01234567-89ab-4def-8123-456789abcdef s i 7 11 -3 True 998 5 InvalidSkuId 0", "x s i 7 11 1 False 0 0 InvalidId 1"],
            read.Select(record => $"{record.Uuid} {record.SkuId} {record.Target} {record.OwnerKey} {record.AccountKey} {record.Quantity} "
                + $"{record.HasTimestamp} {record.TimestampSeconds} {record.TimestampNanoseconds} {record.Reason} {record.Place}"));
    }

    [Fact]
    public void Every_bit_that_flips_is_noticed()
    {
        byte[] row = Convert.FromHexString(Frozen);
        for (int bit = 0; bit < row.Length * 8; bit++)
        {
            byte[] flipped = [.. row];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.StartsWith("The rejected records of row 42 are damaged", Assert.Throws<StoreException>(() => Read(42, flipped)).Message);
        }

        for (int length = 0; length < row.Length; length++)
            Assert.Throws<StoreException>(() => Read(42, row[..length]));
        Assert.Throws<StoreException>(() => Read(43, row)); // in the wrong row
        Assert.Equal(2, Read(42, row).Count); // the control
    }

    [Fact]
    public void A_checksum_that_is_right_makes_no_nonsense_readable()
    {
        var random = new Random(7);
        byte[] row = Convert.FromHexString(Frozen);
        for (int mutation = 0; mutation < 2_000; mutation++)
        {
            byte[] changed = [.. row];
            for (int changes = random.Next(1, 4); changes > 0; changes--)
                changed[random.Next(changed.Length - 4)] = (byte)random.Next(256);
            uint checksum = Crc32C.OfNumbered(42, changed.AsSpan(0, changed.Length - 4));
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(changed.AsSpan(changed.Length - 4), checksum);
            try
            {
                Read(42, changed);
            }
            catch (StoreException damage)
            {
                Assert.StartsWith("The rejected records of row 42 are damaged", damage.Message);
            }
        }
    }

    [Fact]
    public void Nothing_is_allocated_for_a_row_that_is_not_the_largest_so_far()
    {
        UsageWrite write = Request();
        var writer = new RejectedWriter();
        Write();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Write();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Write()
        {
            writer.Clear();
            for (int time = 0; time < 100; time++)
                writer.Add(write, Specs.Length);
            writer.Finish(1);
        }
    }

    [Fact]
    public async Task A_damaged_row_is_named_and_counting_goes_on()
    {
        await using var store = new TestStore();
        await store.Ledger.WriteAsync(RejectedSpec.Request(store, [new(RejectedSpec.UuidOf(1))]));
        await store.CloseAsync();
        store.Edit("UPDATE rejected_batch SET body = CAST(substr(body, 1, 20) || x'ff' || substr(body, 22) AS BLOB)");
        StoreException damage = await Assert.ThrowsAsync<StoreException>(
            () => store.Store.Rejections.SearchAsync(RejectedQuestion.All, ReadOnlyMemory<byte>.Empty, 10, TestLedger.Stop));
        Assert.StartsWith("The rejected records of row 1 are damaged: their checksum is ", damage.Message);
        Assert.Equal([Verdict.Accepted], await store.VerdictsAsync(1));
        Assert.Equal([damage.Message], (await store.Ledger.VerifyAsync(TestLedger.Stop)).Differences);
    }

    [Fact]
    public async Task A_ledger_of_before_takes_up_rejected_records()
    {
        await using var store = new TestStore();
        await store.WriteAsync(1);
        await store.CloseAsync();
        store.TakeBackTo(4);
        Assert.Equal(4, store.Store.Opening.FoundSchemaVersion);
        await store.Ledger.WriteAsync(RejectedSpec.Request(store, [new(RejectedSpec.UuidOf(2))]));
        Assert.Equal(1, (await store.Store.Rejections.ReadFiguresAsync(TestLedger.Stop)).Records);
        Assert.Equal([Verdict.Duplicate], await store.VerdictsAsync(1));
    }

    private static RejectedWriter Fill(RejectedWriter writer)
    {
        writer.Add(Request(), Specs.Length);
        return writer;
    }

    private static UsageWrite Request()
    {
        UsageWrite write = RejectedSpec.Request(new ManualTime(), Specs, target: "i");
        write.ReceivedUnixNanoseconds = 1_000_000_000_500;
        write.RequestId = new Guid(Convert.FromHexString("00112233445566778899aabbccddeeff"), bigEndian: true);
        (write.Records[0].Verdict, write.Records[1].Verdict) = (Verdict.InvalidSkuId, Verdict.InvalidId);
        return write;
    }

    private static List<RejectedRecord> Read(long number, byte[] row)
    {
        var records = new List<RejectedRecord>();
        RejectedReader.Read(number, row, records);
        return records;
    }
}
