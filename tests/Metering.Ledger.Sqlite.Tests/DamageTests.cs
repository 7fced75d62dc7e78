namespace Metering.Ledger.Sqlite.Tests;

/// <summary>Each kind of damage is found and named; the first test shows that the proof itself can succeed.</summary>
public sealed class DamageTests
{
    [Fact]
    public async Task A_sound_ledger_verifies()
    {
        await using TestStore store = await FilledAsync();
        LedgerVerification verification = await store.Ledger.VerifyAsync(TestStore.Stop);
        Assert.Equal((60, 0), (verification.Records, verification.Differences.Count));
    }

    [Fact]
    public async Task A_flipped_bit_in_a_batch_is_found_at_open()
    {
        await using TestStore store = await FilledAsync();
        await store.CloseAsync();
        store.Edit(FlipBitOfBatch2);
        Assert.Contains("Batch 2 is damaged", Assert.Throws<StoreException>(() => store.Store).Message);
        Assert.Contains("Batch 2 is damaged", Assert.Throws<StoreException>(() => store.Store).Message); // and nothing stays locked
    }

    [Fact]
    public async Task A_flipped_bit_in_a_batch_is_found_by_readers_and_by_verification()
    {
        await using TestStore store = await FilledAsync();
        await store.Store.ChangeAsync(database => database.Execute(FlipBitOfBatch2));
        Assert.Contains("Batch 2 is damaged", (await Assert.ThrowsAsync<StoreException>(store.RecordsAsync)).Message);
        LedgerVerification verification = await store.Ledger.VerifyAsync(TestStore.Stop);
        Assert.Contains(verification.Differences, difference => difference.StartsWith("Batch 2 is damaged", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("UPDATE hour_total SET quantity = x'00000000000000000000000000000001' WHERE sku = 1", "is 1 in 20 records")]
    [InlineData("UPDATE hour_total SET records = 21 WHERE sku = 1", "in 21 records")]
    [InlineData("DELETE FROM hour_total WHERE sku = 1", "is 0 in 0 records")]
    [InlineData("INSERT INTO hour_total VALUES(1, 1, 0, zeroblob(16), 1)", "but the records give 0 in 0")]
    [InlineData("DELETE FROM batch WHERE number = 3", "in 20 records, but the records give")]
    public async Task An_edited_total_or_a_lost_batch_is_found_by_verification(string sql, string expected)
    {
        await using TestStore store = await FilledAsync();
        await store.Store.ChangeAsync(database => database.Execute(sql));
        Assert.Contains((await store.Ledger.VerifyAsync(TestStore.Stop)).Differences, difference => difference.Contains(expected, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1)] // a pass for each record
    [InlineData(7)]
    [InlineData(1000)]
    public async Task A_record_that_is_counted_twice_is_found_by_verification(int uuidsPerPass)
    {
        await using TestStore store = await FilledAsync(options => options with { VerificationUuids = uuidsPerPass });
        var batch = new BatchWriter();
        batch.Clear();
        batch.Add(store.Request([1]), 1);
        await store.Store.ChangeAsync(database =>
        {
            using Statement insert = database.Prepare("INSERT INTO batch VALUES(4, 1, ?1)");
            insert.Bind(1, batch.Finish(4)).Run();
        });
        string expected = $"Batch 4: the record {RecordUuid.Format(new RecordSpec(1).Uuid)} is counted a second time.";
        LedgerVerification verification = await store.Ledger.VerifyAsync(TestStore.Stop);
        Assert.Equal(61, verification.Records);
        Assert.Single(verification.Differences, expected);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(1000)]
    public async Task Totals_that_do_not_fit_into_memory_at_once_are_compared_in_passes_and_progress_reaches_its_end(int totalsPerPass)
    {
        await using TestStore store = await FilledAsync(options => options with { VerificationTotals = totalsPerPass });
        var seen = new SeenProgress();
        LedgerVerification sound = await store.Ledger.VerifyAsync(seen, TestStore.Stop);
        Assert.Equal((60, 0), (sound.Records, sound.Differences.Count));
        Assert.Equal(["records", "days", "index of uuids", "rejected records"], seen.All.Select(progress => progress.Checking).Distinct());
        Assert.All(seen.All, progress => Assert.InRange(progress.Done, 0, progress.Of));
        Assert.All(seen.All.GroupBy(progress => progress.Checking), part => Assert.Equal(part.Last().Of, part.Last().Done));
        await store.Store.ChangeAsync(database => database.Execute("UPDATE hour_total SET records = 21 WHERE sku = 2"));
        Assert.Contains("in 21 records", Assert.Single((await store.Ledger.VerifyAsync(TestStore.Stop)).Differences));
    }

    [Theory]
    [InlineData("UPDATE day_total SET sums = CAST(substr(sums, 1, 3) || x'00' || substr(sums, 5) AS BLOB)", "is damaged: its checksum is another")]
    [InlineData("UPDATE day_total SET hours = CAST(substr(hours, 1, 6) || x'00' || substr(hours, 8) AS BLOB)", "is damaged: its checksum is another")]
    [InlineData("DELETE FROM day_total", "lacks ")]
    [InlineData("UPDATE day_total SET first_owner = first_owner + 1", "but the hours have ")]
    [InlineData("UPDATE day_total SET last_owner = last_owner + 1", "is noted to end with ")]
    [InlineData("UPDATE day_total SET day = day - 1", "is damaged: its checksum is another")]
    [InlineData("UPDATE hour_total SET quantity = x'00000000000000000000000000000001' WHERE sku = 1", "but the hours have 1 in 20 records")]
    public async Task An_edited_or_damaged_roll_up_of_a_day_is_found_by_verification(string sql, string expected)
    {
        await using TestStore store = await FilledAsync();
        store.Time.Advance(TimeSpan.FromDays(2));
        Assert.Equal(1, await store.Store.RollUpAsync(TestStore.Stop));
        Assert.Empty((await store.Ledger.VerifyAsync(TestStore.Stop)).Differences);
        await store.Store.ChangeAsync(database => database.Execute(sql));
        Assert.Contains((await store.Ledger.VerifyAsync(TestStore.Stop)).Differences,
            difference => difference.StartsWith("The roll-up of the day 202", StringComparison.Ordinal) && difference.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Only_the_first_differences_are_listed()
    {
        await using TestStore store = await FilledAsync();
        await store.Store.ChangeAsync(database => database.Execute("""
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
            INSERT INTO hour_total SELECT 99, i, 0, zeroblob(16), 1 FROM n
            """));
        Assert.Equal(100, (await store.Ledger.VerifyAsync(TestStore.Stop)).Differences.Count);
    }

    private sealed class SeenProgress : IProgress<VerificationProgress>
    {
        public List<VerificationProgress> All { get; } = [];

        public void Report(VerificationProgress value) => All.Add(value);
    }

    private const string FlipBitOfBatch2 =
        "UPDATE batch SET body = CAST(substr(body, 1, 40) || x'A5' || substr(body, 42) AS BLOB) WHERE number = 2";

    private static async Task<TestStore> FilledAsync(Func<SqliteStoreOptions, SqliteStoreOptions>? configure = null)
    {
        var store = new TestStore(configure);
        for (int id = 1; id < 60; id += 20)
            await store.WriteAsync([.. Enumerable.Range(id, 20).Select(number => new RecordSpec(number, number, Sku: 1 + (number % 3)))]);
        return store;
    }
}
