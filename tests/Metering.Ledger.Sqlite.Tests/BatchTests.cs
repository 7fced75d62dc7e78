using System.Buffers.Binary;

namespace Metering.Ledger.Sqlite.Tests;

/// <summary>What is on disk: the bytes of every version, frozen, and what damage does to them.</summary>
public sealed class BatchTests
{
    // What ledgers out there hold. If one of these fails, a new encoding needs a new version, and the old reader must stay.
    private const string FrozenRecordwise =
        "01" // version
        + "07" + "0b" + "000102030405060708090a0b0c0d0e0f" + "80c096c399dfdb9831" + "02" // owner, account, request, received, records
        + "00000000000000010000000000000002" + "03" + "05" + "8180c58bc6d101" // uuid, sku, quantity, one hour and 1 ns before
        + "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0" + "ac02" + "ffffffffffffffff7f" + "02" // the next: 1 ns later
        + "08" + "0b" + "000102030405060708090a0b0c0d0e0f" + "04" + "01"
        + "00000000000000000000000000000009" + "03" + "01" + "00";

    private const string FrozenColumnar =
        "02" + "03000000" + "02000000" + "00d032cc7cb79818" // version, records, requests, base
        + "00000000000000010000000000000002" + "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0" + "00000000000000000000000000000009" // uuids
        + "02" + "01000e02" + "01000002" // owners: two entries, from 7 on in 1 bit each: 0, 1; their places: 0, 1
        + "01" + "0016" + "0000" // accounts: one entry, 11; its place, always
        + "02000008" // received: from 0 on in 2 bits each: 0, 2
        + "01000201" // sizes: from 1 on in 1 bit each: 2, 1
        + "0000" + "000102030405060708090a0b0c0d0e0f" // ids: no byte differs
        + "2a00" + "8180c58bc6d101" + "00000000000c80e2c2180d" // first timestamps: one hour and 1 ns before the base, 2 ns after it, in 42 bits each
        + "02" + "090006005202" + "01000002" // SKUs: two entries, 3 and 300 in 9 bits each; their places: 0, 1, 0
        + "3f0002" + "0400000000000000ffffffffffffff3f0000000000000000" // quantities: from 1 on in 63 bits each: 5, the greatest, 1
        + "0002"; // steps: 1 ns

    [Fact]
    public void Both_encodings_are_frozen()
    {
        Assert.Equal(FrozenRecordwise, Convert.ToHexStringLower(BatchBodies.Unsealed(BatchBodies.Recordwise(1, BatchBodies.Samples))));
        byte[] row = BatchBodies.Columnar(1, BatchBodies.Samples);
        Assert.Equal(FrozenColumnar, Convert.ToHexStringLower(BatchBodies.Unsealed(row)));
        Assert.Equal("e3069283", $"{Crc32C.Of("123456789"u8):x8}"); // the published check value
        Assert.Equal(Crc32C.OfBatch(1, Convert.FromHexString(FrozenColumnar)), BinaryPrimitives.ReadUInt32LittleEndian(row.AsSpan()[^4..]));
    }

    [Theory]
    [InlineData(FrozenRecordwise)]
    [InlineData(FrozenColumnar)]
    public void Both_frozen_encodings_are_read(string frozen)
    {
        List<CountedRecord> records = BatchBodies.Read(1, 3, BatchBodies.Sealed(1, Convert.FromHexString(frozen)));
        const long Received = BatchBodies.Received;
        Assert.Equal(new CountedRecord(new UInt128(1, 2), 7, 3, 5, Received - 3_600_000_000_001, Received, 11, BatchBodies.Request), records[0]);
        Assert.Equal((300, long.MaxValue, Received - 3_600_000_000_000), (records[1].SkuKey, records[1].Quantity, records[1].TimestampUnixNanoseconds));
        Assert.Equal(new CountedRecord(9, 8, 3, 1, Received + 2, Received + 2, 11, BatchBodies.Request), records[2]);
        Assert.Equal(3, records.Count);
    }

    [Theory]
    [InlineData(FrozenRecordwise)]
    [InlineData(FrozenColumnar)]
    public void Every_flipped_bit_and_every_shortening_is_found(string frozen)
    {
        byte[] row = BatchBodies.Sealed(17, Convert.FromHexString(frozen));
        for (int bit = 0; bit < row.Length * 8; bit++)
        {
            byte[] flipped = [.. row];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Contains("Batch 17 is damaged", Assert.Throws<StoreException>(() => BatchBodies.Read(17, 3, flipped)).Message);
        }

        for (int length = 0; length < row.Length; length++)
            Assert.Throws<StoreException>(() => BatchBodies.Read(17, 3, row[..length]));
        Assert.Throws<StoreException>(() => BatchBodies.Read(18, 3, row)); // in the wrong row
        Assert.Throws<StoreException>(() => BatchBodies.Read(17, 2, row)); // a count that is not the body's
        Assert.Equal(3, BatchBodies.Read(17, 3, row).Count);
    }

    [Fact]
    public void An_unknown_version_is_refused() => Assert.Contains(
        "version 3, which this program does not know",
        Assert.Throws<StoreException>(() => BatchBodies.Read(1, 1, BatchBodies.Sealed(1, [3, 0]))).Message);

    [Fact]
    public async Task A_ledger_of_version_1_opens_verifies_knows_its_records_and_goes_on_with_version_2()
    {
        await using var store = new TestStore(options => options with { IndexRecentUuids = 64 });
        for (int id = 1; id <= 200; id += 20)
            await store.WriteAsync([.. Enumerable.Range(id, 20).Select(number => new RecordSpec(number, number, Sku: 1 + (number % 3), AgeSeconds: number % 7))]);
        List<CountedRecord> before = await store.RecordsAsync();
        await store.CloseAsync();
        Array.ForEach(IndexFiles.Of(store.Path), File.Delete);
        OlderLedger.Rewrite(store.Path);

        Assert.Equal(200, store.Store.Opening.Records);
        Assert.Equal(before, await store.RecordsAsync());
        for (int id = 1; id <= 200; id++)
            Assert.Equal([Verdict.Duplicate], await store.VerdictsAsync(id));
        Assert.Equal([Verdict.Accepted], await store.VerdictsAsync(201));
        await store.RestartAsync();
        Assert.Equal([Verdict.Duplicate, Verdict.Duplicate], await store.VerdictsAsync(1, 201));
        await store.AssertSoundAsync();
        await store.CloseAsync();
        Assert.Equal([(BatchBody.Recordwise, 10), (BatchBody.Columnar, 1)], OlderLedger.Versions(store.Path));
    }
}
