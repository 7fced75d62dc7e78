namespace Metering.Ledger.Sqlite.Tests;

/// <summary>Each kind of damage to rejected records, and to what is counted of them, is found by verification, and named.</summary>
public sealed class RejectedVerificationTests
{
    private const int Hours = 5;

    [Theory]
    [InlineData(1_000_000)]
    [InlineData(3)] // the counts are looked at in passes
    public async Task Sound_rejected_records_verify(int countsPerPass)
    {
        await using TestStore store = await FilledAsync(options => options with { VerificationTotals = countsPerPass });
        await store.AssertSoundAsync();
    }

    [Theory]
    [InlineData("UPDATE rejected_batch SET body = CAST(substr(body, 1, 20) || x'ff' || substr(body, 22) AS BLOB) WHERE number = 3",
        "The rejected records of row 3 are damaged: their checksum is")]
    [InlineData("UPDATE rejected_batch SET body = x'01' WHERE number = 3", "The rejected records of row 3 are damaged: they have only 1 bytes")]
    [InlineData("UPDATE rejected_batch SET records = 3, fingerprints = zeroblob(12) WHERE number = 3", "row 3 is not theirs: it says 3 records, and they are 2")]
    [InlineData("UPDATE rejected_batch SET fingerprints = zeroblob(8) WHERE number = 3", "row 3 is not theirs: their uuids are not found by what it holds")]
    [InlineData("UPDATE rejected_batch SET last_received_unix_nanoseconds = 5 WHERE number = 3", "row 3 is not theirs: it says that they were received")]
    [InlineData("DELETE FROM rejected_batch WHERE number = 3", "The rejected records of row 3 are missing")]
    [InlineData("DELETE FROM rejected_batch WHERE number IN (2, 3)", "The rejected records of rows 2 to 3 are missing")]
    [InlineData("DELETE FROM rejected_batch WHERE number = 5", "The last row of rejected records is 4, but 5 was given to one.")]
    [InlineData("DELETE FROM rejected_batch WHERE number = 1", "but the rows give 8 in")]
    [InlineData("UPDATE rejected_count SET records = 9", "The count of rejected records is 9 in")]
    [InlineData("UPDATE rejected_count SET bytes = bytes + 1", "bytes, but the rows give 10 in")]
    [InlineData("DELETE FROM rejected_count", "The counts of rejected records are missing.")]
    [InlineData("UPDATE hour_rejection SET records = 3 WHERE hour = (SELECT max(hour) FROM hour_rejection)", "is 3, but 1 rejected records of it are kept.")]
    [InlineData("UPDATE hour_rejection SET owner = owner + 1 WHERE hour = (SELECT min(hour) FROM hour_rejection)", "is missing, but 1 rejected records of it are kept.")]
    [InlineData("DELETE FROM hour_rejection WHERE hour = (SELECT max(hour) FROM hour_rejection)", "is missing, but 1 rejected records of it are kept.")]
    [InlineData("INSERT INTO hour_rejection SELECT owner + 1, reason, hour, 1 FROM hour_rejection ORDER BY hour DESC LIMIT 1",
        "is 1, but 0 rejected records of it are kept.")]
    public async Task Damage_is_found_and_named(string sql, string expected)
    {
        await using TestStore store = await FilledAsync();
        await store.Store.ChangeAsync(database => database.Execute(sql));
        Assert.Contains(
            (await store.Ledger.VerifyAsync(TestLedger.Stop)).Differences, difference => difference.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_was_dropped_and_what_was_counted_before_records_were_kept_is_no_difference()
    {
        await using TestStore store = await FilledAsync(options => options with { Rejections = new RejectedKeeping(TimeSpan.FromHours(3), 1 << 20) });
        while (await store.Store.Rejections.DropAsync(MeteringClock.ToUnixNanoseconds(store.Time.GetUtcNow()), TestLedger.Stop))
        {
        }

        Assert.InRange((await store.Store.Rejections.ReadFiguresAsync(TestLedger.Stop)).DroppedRecords, 2, (2 * Hours) - 2);
        await store.AssertSoundAsync();

        await store.CloseAsync();
        store.TakeBackTo(4); // and as if they were counted by a program that kept none
        await RejectAsync(store);
        await store.AssertSoundAsync();
    }

    [Fact]
    public async Task Duplicates_that_were_not_compared_are_no_difference_and_more_than_were_counted_are()
    {
        await using var store = new TestStore();
        await store.WriteAsync(1);
        UsageWrite again = store.Request([1]);
        await store.Ledger.WriteAsync(again);
        await store.AssertSoundAsync();
        var conflict = RejectedRecord.Of(again, 0, RecordDifferences.Quantity);
        await store.Store.Rejections.KeepAsync([conflict]);
        await store.AssertSoundAsync();
        await store.Store.Rejections.KeepAsync([conflict]);
        Assert.Contains("is 1, but 2 rejected records of it are kept.", Assert.Single((await store.Ledger.VerifyAsync(TestLedger.Stop)).Differences));
    }

    [Fact]
    public async Task Rejections_around_a_clock_that_was_set_back_are_no_difference()
    {
        await using TestStore store = await FilledAsync(options => options with { Rejections = new RejectedKeeping(TimeSpan.FromHours(3), 1 << 20) });
        await store.WriteAsync(1);
        store.Time.Advance(TimeSpan.FromHours(-Hours));
        await store.Ledger.SetHighWaterAsync(MeteringClock.ToUnixNanoseconds(store.Time.GetUtcNow()));
        await RejectAsync(store);
        await store.Store.ChangeAsync(database => database.Execute("""
            UPDATE rejected_count SET records = 2, bytes = (SELECT length(fingerprints) + length(body) FROM rejected_batch WHERE number = 6);
            DELETE FROM rejected_batch WHERE number < 6;
            """)); // as dropping would
        await store.AssertSoundAsync();
        await store.Store.ChangeAsync(database => database.Execute("DELETE FROM clock_set_back")); // the control
        Assert.NotEmpty((await store.Ledger.VerifyAsync(TestLedger.Stop)).Differences);
    }

    // A row of two records each hour.
    private static async Task<TestStore> FilledAsync(Func<SqliteStoreOptions, SqliteStoreOptions>? configure = null)
    {
        var store = new TestStore(configure);
        for (int hour = 0; hour < Hours; hour++)
        {
            await RejectAsync(store);
            store.Time.Advance(TimeSpan.FromHours(1));
        }

        return store;
    }

    private static async Task RejectAsync(TestStore store) => Assert.Equal(
        LedgerAnswer.Committed,
        await store.Ledger.WriteAsync(RejectedSpec.Request(store, [new(RejectedSpec.UuidOf(1)), new("no uuid � at all") { Reason = Verdict.InvalidSkuId }])));
}
