namespace Metering.Ledger.Sqlite.Tests;

/// <summary>A ledger that is read to be moved.</summary>
public sealed class SourceTests
{
    [Fact]
    public async Task Batches_come_in_order_from_wherever_they_are_asked_for()
    {
        await using var store = new TestStore();
        for (int id = 1; id <= 5; id++)
            await store.WriteAsync(id, id + 100);
        List<CountedRecord> all = await store.RecordsAsync();
        await store.CloseAsync();

        await using SqliteLedgerSource source = SqliteLedgerSource.Open(store.Path);
        Assert.Equal(5, source.LastBatch);
        Assert.Equal([0, 6, 10], new[] { 0L, 3, 5 }.Select(source.RecordsUpTo));
        foreach (long after in new[] { 0L, 2, 5 })
        {
            using IRecordBatches batches = source.ReadBatches(after);
            var records = new List<CountedRecord>();
            for (long expected = after + 1; expected <= 5; expected++)
                Assert.Equal(expected, batches.Next(records));
            Assert.Equal(0, batches.Next(records));
            Assert.Equal((5 - after) * 2, records.Count);
            Assert.Subset(all.ToHashSet(), records.ToHashSet());
        }
    }

    [Fact]
    public async Task A_copy_has_the_number_of_its_ledger_and_another_ledger_has_another()
    {
        await using TestStore store = new(), other = new();
        await store.WriteAsync(1);
        await other.WriteAsync(1);
        await store.CloseAsync();
        await other.CloseAsync();
        File.Copy(store.Path, store.Path + ".copy");
        Assert.Equal(await NumberAsync(store.Path), await NumberAsync(store.Path + ".copy"));
        Assert.NotEqual(await NumberAsync(store.Path), await NumberAsync(other.Path));
    }

    [Fact]
    public async Task Nobody_else_opens_a_ledger_that_is_moved()
    {
        await using var store = new TestStore();
        await store.WriteAsync(1);
        Assert.Contains("is locked", Assert.Throws<StoreException>(() => SqliteLedgerSource.Open(store.Path)).Message);
        await store.CloseAsync();
        await using (SqliteLedgerSource.Open(store.Path))
            Assert.Contains("is locked", Assert.Throws<StoreException>(() => store.Store).Message);
        Assert.Equal([Verdict.Duplicate], await store.VerdictsAsync(1)); // and it is as it was
    }

    [Fact]
    public async Task Archived_batches_come_from_their_archives_and_one_that_is_not_whole_is_named()
    {
        await using var store = new TestStore(ArchiveFiles.Small);
        await ArchiveFiles.FillAsync(store, 4);
        List<CountedRecord> all = await store.RecordsAsync();
        Assert.True((await ArchiveFiles.ArchiveAsync(store.Store, store, hoursAgo: 2)).Count > 1);
        await store.CloseAsync();

        await using (SqliteLedgerSource source = SqliteLedgerSource.Open(store.Path))
        {
            foreach (long after in new[] { 0, 3, source.LastBatch - 2, source.LastBatch })
            {
                using IRecordBatches batches = source.ReadBatches(after);
                var records = new List<CountedRecord>();
                for (long expected = after + 1; expected <= source.LastBatch; expected++)
                    Assert.Equal(expected, batches.Next(records));
                Assert.Equal((0, 0), (batches.Next(records), batches.Next(records))); // and it stays the end
                Assert.Equal(all.Count - source.RecordsUpTo(after), records.Count);
                Assert.Subset(all.ToHashSet(), records.ToHashSet());
            }
        }

        string[] archives = ArchiveFiles.Of(store);
        File.Delete(archives[0]);
        byte[] damaged = await File.ReadAllBytesAsync(archives[1], TestStore.Stop);
        damaged[^60] ^= 1;
        await File.WriteAllBytesAsync(archives[1], damaged, TestStore.Stop);
        string message = Assert.Throws<StoreException>(() => SqliteLedgerSource.Open(store.Path)).Message;
        Assert.Contains("cannot be moved", message);
        Assert.Contains(archives[0], message);
        Assert.Contains($"{archives[1]} is damaged", message);
    }

    private static async Task<Guid> NumberAsync(string path)
    {
        await using SqliteLedgerSource source = SqliteLedgerSource.Open(path);
        return source.Ledger;
    }
}
