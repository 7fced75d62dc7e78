namespace Metering.Ledger.Sqlite.Tests;

public sealed class ArchiveLimitTests
{
    [Fact]
    public async Task An_archive_with_many_totals_ends_and_a_large_one_is_dropped_in_several_transactions()
    {
        const int Requests = 10_000, Records = Requests * Limits.RecordsPerWrite, Skus = 110_000;
        int drops = 0;
        await using var store = new TestStore(options => options with
        {
            GroupRequests = 64,
            ArchiveStepReached = step => drops += step == ArchiveStep.Dropped ? 1 : 0,
        });
        for (int first = 0; first < Requests; first += 500)
        {
            Task<LedgerAnswer>[] writes = [.. Enumerable.Range(first, 500).Select(request => store.WriteAsync(
                [.. Enumerable.Range((request * Limits.RecordsPerWrite) + 1, Limits.RecordsPerWrite).Select(id => new RecordSpec(id, Sku: 1 + (id % Skus)))]))];
            Assert.All(await Task.WhenAll(writes), answer => Assert.Equal(LedgerAnswer.Committed, answer));
        }

        store.Time.Advance(TimeSpan.FromHours(2));
        List<ArchiveEntry> archives = await ArchiveFiles.ArchiveAsync(store.Store, store, hoursAgo: 1);
        const int BatchRecords = 64 * Limits.RecordsPerWrite;
        Assert.InRange(archives[0].Records, Limits.ArchiveTotals, Limits.ArchiveTotals + BatchRecords);
        Assert.Equal(Records, archives.Sum(archive => archive.Records));
        Assert.True(archives.Max(archive => archive.Bytes) < Limits.ArchiveBytes);
        Assert.True(drops > archives.Count, $"{drops} transactions dropped {archives.Count} archives of {archives.Sum(archive => archive.Bytes)} bytes");
        await store.AssertSoundAsync();
        Assert.Equal(Skus, (await store.TotalsAsync()).Count);
    }
}
