namespace Metering.Ledger.Sqlite.Tests;

/// <summary>A ledger that is read to be moved.</summary>
public sealed class SourceTests
{
    // As retention makes it, wherever a ledger has it.
    private const string Archives = """
        CREATE TABLE IF NOT EXISTS archive(
          number INTEGER PRIMARY KEY,
          file TEXT NOT NULL UNIQUE,
          first_batch INTEGER NOT NULL UNIQUE,
          last_batch INTEGER NOT NULL UNIQUE,
          dropped_batch INTEGER NOT NULL,
          records INTEGER NOT NULL CHECK(records > 0),
          bytes INTEGER NOT NULL,
          first_accepted_unix_nanoseconds INTEGER NOT NULL,
          last_accepted_unix_nanoseconds INTEGER NOT NULL,
          sha256 BLOB NOT NULL CHECK(length(sha256) = 32)) STRICT;
        """;

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
    public async Task A_ledger_with_archived_records_is_refused_and_the_archives_are_named()
    {
        await using var store = new TestStore();
        await store.WriteAsync(1);
        await store.CloseAsync();
        store.Edit(Archives);
        await (SqliteLedgerSource.Open(store.Path)).DisposeAsync(); // none yet
        for (int number = 1; number <= 4; number++)
            store.Edit($"INSERT INTO archive VALUES({number}, 'old-{number}.archive', {number}, {number}, {number}, 1, 1, 1, 1, zeroblob(32))");
        string message = Assert.Throws<StoreException>(() => SqliteLedgerSource.Open(store.Path)).Message;
        Assert.Contains("(old-1.archive, old-2.archive, old-3.archive and 1 more)", message);
        Assert.Contains("cannot be moved", message);
    }

    private static async Task<Guid> NumberAsync(string path)
    {
        await using SqliteLedgerSource source = SqliteLedgerSource.Open(path);
        return source.Ledger;
    }
}
