using Metering.Ledger.TestKit;

namespace Metering.Ledger.Sqlite.Tests;

/// <summary>Reading records one by one, where only the embedded store has something to go wrong: batches, versions, archives, backups.</summary>
public sealed class RecordReaderTests
{
    private static readonly Guid Ledger = new("00112233-4455-6677-8899-aabbccddeeff");

    [Fact]
    public void A_cursor_has_the_form_that_others_keep()
    {
        LedgerCursor cursor = new FeedPlace(0x0102030405060708, 9).ToCursor(Ledger, 0xA1B2C3D4);
        Assert.Equal("010011223344556677A1B2C3D4010203040506070800000009", Convert.ToHexString(cursor.Bytes.Span));
        Assert.Equal(new FeedPlace(0x0102030405060708, 9), FeedPlace.Of(cursor, Ledger, out uint checksum));
        Assert.Equal(0xA1B2C3D4, checksum);
        Assert.Equal(LedgerCursor.Start, FeedPlace.First.ToCursor(Ledger, 0));
        Assert.Contains("another ledger", Assert.Throws<UnknownCursorException>(() => FeedPlace.Of(cursor, Guid.NewGuid(), out _)).Message);
    }

    [Fact]
    public async Task A_batch_of_thousands_is_read_in_pages_of_any_size_and_searched()
    {
        await using var store = new TestStore();
        await WriteOneBatchAsync(store, requests: 300, first: 1);
        await WriteOneBatchAsync(store, requests: 2, first: 50_000);
        List<CountedRecord> all = await Feed.ReadAsync(store.Store.Records, Limits.PageRecords);
        Assert.Equal(302 * 25, all.Count);
        Assert.Equal(2, Count(store, "batch"));
        foreach (int size in new[] { 7, 100, 999, 7_500, 7_501 })
            Assert.Equal(all, await Feed.ReadAsync(store.Store.Records, size));
        foreach (int together in new[] { 1, 5, 1000 })
        {
            foreach (CountedRecord[] some in all.Where((_, place) => place % 97 == 0 || place > 7_400).Chunk(together))
            {
                IReadOnlyDictionary<UInt128, CountedRecord> found = await store.Store.Records.FindAsync([.. some.Select(record => record.Uuid)], TestStore.Stop);
                Assert.Equal(some, found.Values.OrderBy(record => Array.IndexOf(some, record)));
            }
        }
    }

    [Fact]
    public void Passing_records_over_leads_to_the_same_as_reading_them()
    {
        var random = new Random(4);
        for (int round = 0; round < 60; round++)
        {
            List<UsageWrite> writes = [.. Enumerable.Range(0, random.Next(1, 40)).Select(request => BatchBodies.Write(
                random.Next(1, 4),
                BatchBodies.Received + request,
                [.. Enumerable.Range(0, random.Next(1, 26)).Select(_ => (
                    new UInt128((ulong)random.NextInt64(), 1), random.Next(1, 5), random.NextInt64(1, 9), BatchBodies.Received - random.NextInt64(1_000_000)))]))];
            List<CountedRecord> expected = BatchBodies.RecordsOf(writes);
            foreach (byte[] row in new[] { BatchBodies.Columnar(1, writes), BatchBodies.Recordwise(1, writes) })
            {
                var reader = new BatchReader(1, expected.Count, row);
                for (int place = 0; place < expected.Count; place++)
                {
                    int passed = Math.Min(random.Next(3) == 0 ? 0 : random.Next(60), expected.Count - place - 1);
                    reader.Skip(passed);
                    place += passed;
                    Assert.True(reader.Next(out CountedRecord record));
                    Assert.Equal(expected[place], record);
                }

                Assert.False(reader.Next(out _));
                Assert.Equal(BatchBodies.Received, BatchReader.FirstReception(1, row.AsSpan(0, Math.Min(64, row.Length))));
            }
        }
    }

    [Fact]
    public async Task Batches_of_the_older_version_are_fed_found_and_sought()
    {
        await using var store = new TestStore();
        await ArchiveFiles.FillAsync(store, hours: 3);
        List<CountedRecord> all = await Feed.ReadAsync(store.Store.Records, 1000);
        await store.CloseAsync();
        OlderLedger.Rewrite(store.Path);
        Assert.Equal(all, await Feed.ReadAsync(store.Store.Records, 7));
        await AssertAllFoundAsync(store, all);
        LedgerCursor place = await store.Store.Records.SeekAsync(all[^1].AcceptedUnixNanoseconds, TestStore.Stop);
        Assert.InRange((await Feed.ReadAsync(store.Store.Records, 100, place)).Count, ArchiveFiles.RecordsPerHour, all.Count / 2);
    }

    [Fact]
    public async Task Archived_records_are_fed_found_and_sought_while_their_files_are_there()
    {
        await using var store = new TestStore(ArchiveFiles.Small);
        await ArchiveFiles.FillAsync(store, hours: 6);
        List<CountedRecord> all = await Feed.ReadAsync(store.Store.Records, 1000);
        LedgerCursor early = (await store.Store.Records.ReadAsync(LedgerCursor.Start, 33, TestStore.Stop)).Next;
        List<ArchiveEntry> archives = await ArchiveFiles.ArchiveAsync(store.Store, store, hoursAgo: 2);
        Assert.InRange(archives.Count, 2, 60);
        foreach (int size in new[] { 1, 7, 100, 1000 })
            Assert.Equal(all, await Feed.ReadAsync(store.Store.Records, size));
        Assert.Equal(all[33..], await Feed.ReadAsync(store.Store.Records, 50, early));
        await AssertAllFoundAsync(store, all);
        foreach (CountedRecord record in all.Where((_, place) => place % 50 == 0))
        {
            LedgerCursor place = await store.Store.Records.SeekAsync(record.AcceptedUnixNanoseconds, TestStore.Stop);
            List<CountedRecord> after = await Feed.ReadAsync(store.Store.Records, 100, place);
            Assert.DoesNotContain(all[..^after.Count], one => one.AcceptedUnixNanoseconds >= record.AcceptedUnixNanoseconds);
        }

        // One is taken away: what comes before it is read, then its name is said; the others are read still.
        string away = archives[1].FileName;
        string path = Path.Combine(ArchiveFiles.FolderOf(store.Path), away);
        File.Move(path, path + ".elsewhere");
        int before = (int)archives[0].Records;
        RecordPage page = await store.Store.Records.ReadAsync(LedgerCursor.Start, 1000, TestStore.Stop);
        Assert.Equal(all[..before], page.Records);
        Assert.False(page.IsEnd);
        StoreException fault = await Assert.ThrowsAsync<StoreException>(() => store.Store.Records.ReadAsync(page.Next, 10, TestStore.Stop));
        Assert.True(fault.IsArchiveAbsent);
        Assert.Contains(away, fault.Message);
        IReadOnlyDictionary<UInt128, CountedRecord> found = await store.Store.Records.FindAsync([all[0].Uuid, all[before].Uuid, all[^1].Uuid], TestStore.Stop);
        Assert.Equal([all[0], new CountedRecord { Uuid = all[before].Uuid }, all[^1]], found.Values.OrderBy(record => record.Uuid == all[0].Uuid ? 0 : record.IsAway ? 1 : 2));

        File.Move(path + ".elsewhere", path);
        Assert.Equal(all[before..], await Feed.ReadAsync(store.Store.Records, 100, page.Next));
    }

    [Fact]
    public async Task What_comes_before_a_damaged_batch_is_read_and_then_the_batch_is_named()
    {
        await using var store = new TestStore();
        for (int id = 1; id <= 30; id += 10)
            await store.WriteAsync([.. Enumerable.Range(id, 10).Select(one => new RecordSpec(one))]);
        await store.Store.ChangeAsync(database => database.Execute(
            "UPDATE batch SET body = CAST(substr(body, 1, 40) || x'ff' || substr(body, 42) AS BLOB) WHERE number = 2"));
        RecordPage page = await store.Store.Records.ReadAsync(LedgerCursor.Start, 100, TestStore.Stop);
        Assert.Equal(10, page.Records.Count);
        StoreException fault = await Assert.ThrowsAsync<StoreException>(() => store.Store.Records.ReadAsync(page.Next, 100, TestStore.Stop));
        Assert.Contains("Batch 2 is damaged", fault.Message);
        Assert.Single(await store.Store.Records.FindAsync([new RecordSpec(1).Uuid], TestStore.Stop)); // the control
        fault = await Assert.ThrowsAsync<StoreException>(() => store.Store.Records.FindAsync([new RecordSpec(11).Uuid], TestStore.Stop));
        Assert.Contains("Batch 2 is damaged", fault.Message);
    }

    [Fact]
    public async Task A_place_from_before_a_backup_was_restored_is_unknown_even_when_the_ledger_went_on()
    {
        await using var store = new TestStore();
        await store.WriteAsync(1, 2);
        LedgerCursor shared = await store.Store.Records.EndAsync(TestStore.Stop);
        await store.CloseAsync();
        byte[] backup = await File.ReadAllBytesAsync(store.Path, TestStore.Stop);
        await store.WriteAsync(3, 4);
        await store.WriteAsync(5);
        LedgerCursor inside = (await store.Store.Records.ReadAsync(shared, 1, TestStore.Stop)).Next;
        LedgerCursor end = await store.Store.Records.EndAsync(TestStore.Stop);
        await store.CloseAsync();

        await File.WriteAllBytesAsync(store.Path, backup, TestStore.Stop);
        foreach (LedgerCursor lost in new[] { inside, end })
            await Assert.ThrowsAsync<UnknownCursorException>(() => store.Store.Records.ReadAsync(lost, 10, TestStore.Stop));
        await store.WriteAsync(6, 7);
        await store.WriteAsync(8);
        await store.WriteAsync(9);
        foreach (LedgerCursor lost in new[] { inside, end })
            await Assert.ThrowsAsync<UnknownCursorException>(() => store.Store.Records.ReadAsync(lost, 10, TestStore.Stop));
        Assert.Equal(4, (await store.Store.Records.ReadAsync(shared, 10, TestStore.Stop)).Records.Count);
    }

    [Fact]
    public async Task Moments_are_found_although_the_operator_set_the_clock_back()
    {
        await using var store = new TestStore();
        await ArchiveFiles.FillAsync(store, hours: 3);
        LedgerCursor before = await store.Store.Records.EndAsync(TestStore.Stop);
        Assert.False(await store.Store.Records.IsClockSetBackAfterAsync(LedgerCursor.Start, TestStore.Stop));
        store.Time.Advance(TimeSpan.FromDays(400)); // by mistake
        await ArchiveFiles.FillAsync(store, hours: 3, first: 1001);
        store.Time.Advance(TimeSpan.FromDays(-400) - TimeSpan.FromHours(3));
        await store.Ledger.SetHighWaterAsync(MeteringClock.ToUnixNanoseconds(store.Time.GetUtcNow()));
        LedgerCursor after = await store.Store.Records.EndAsync(TestStore.Stop);
        await ArchiveFiles.FillAsync(store, hours: 8, first: 2001);

        Assert.True(await store.Store.Records.IsClockSetBackAfterAsync(before, TestStore.Stop));
        Assert.True(await store.Store.Records.IsClockSetBackAfterAsync(after, TestStore.Stop)); // it was set right before the next
        Assert.False(await store.Store.Records.IsClockSetBackAfterAsync(await store.Store.Records.EndAsync(TestStore.Stop), TestStore.Stop));
        List<CountedRecord> all = await Feed.ReadAsync(store.Store.Records, 1000);
        foreach (long moment in all.Select(record => record.AcceptedUnixNanoseconds).Distinct())
        {
            LedgerCursor place = await store.Store.Records.SeekAsync(moment, TestStore.Stop);
            int left = (await Feed.ReadAsync(store.Store.Records, 1000, place)).Count;
            Assert.DoesNotContain(all[..^left], record => record.AcceptedUnixNanoseconds >= moment);
        }
    }

    // Whatever is sent while the writer is held up becomes one group.
    private static async Task WriteOneBatchAsync(TestStore store, int requests, int first)
    {
        using var gate = new ManualResetEventSlim();
        Task held = store.Store.ChangeAsync(_ => gate.Wait(TestStore.Stop));
        Task<LedgerAnswer>[] answers = [.. Enumerable.Range(0, requests).Select(request => store.WriteAsync(
            [.. Enumerable.Range(first + (request * 25), 25).Select(id => new RecordSpec(id, id, Sku: 1 + (id % 3), AgeSeconds: id % 50))]))];
        gate.Set();
        await held;
        Assert.All(await Task.WhenAll(answers), answer => Assert.Equal(LedgerAnswer.Committed, answer));
    }

    private static async Task AssertAllFoundAsync(TestStore store, List<CountedRecord> all)
    {
        foreach (CountedRecord[] some in all.Chunk(Limits.LookUpUuids))
        {
            IReadOnlyDictionary<UInt128, CountedRecord> found = await store.Store.Records.FindAsync([.. some.Select(record => record.Uuid)], TestStore.Stop);
            Assert.Equal(some, some.Select(record => found[record.Uuid]));
        }
    }

    private static long Count(TestStore store, string table)
    {
        using Database database = Database.OpenForReading(store.Path);
        return database.QueryNumber($"SELECT count(*) FROM {table}");
    }
}
