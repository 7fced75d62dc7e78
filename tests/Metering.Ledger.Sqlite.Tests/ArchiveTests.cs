namespace Metering.Ledger.Sqlite.Tests;

/// <summary>Old records leave the ledger for files of their own; totals stay, and what was counted stays counted.</summary>
public sealed class ArchiveTests
{
    [Fact]
    public async Task Old_records_are_in_archives_and_no_more_in_the_ledger()
    {
        await using var store = new TestStore(ArchiveFiles.Small);
        await ArchiveFiles.FillAsync(store, 6);
        List<CountedRecord> before = await InOrderAsync(store);
        List<HourTotal> totals = await store.TotalsAsync();

        List<ArchiveEntry> archives = await ArchiveFiles.ArchiveAsync(store.Store, store, hoursAgo: 2);

        Assert.True(archives.Count > 2);
        Assert.Equal(400, archives.Sum(archive => archive.Records));
        Assert.Equal(200, (await store.RecordsAsync()).Count);
        Assert.Equal(totals, await store.TotalsAsync());
        var archived = new List<CountedRecord>();
        foreach (ArchiveEntry archive in archives)
            archived.AddRange(await ArchiveFiles.ReadAsync(store.Store, archive.FileName));
        Assert.Equal(before, [.. archived, .. await InOrderAsync(store)]);
        Assert.Equal(archives, await store.Store.Archives.ListAsync(TestStore.Stop));
        await ArchiveFiles.AssertWholeAsync(store.Store, store, 600);
        await store.RestartAsync();
        Assert.Empty(store.Store.Opening.Notices);
        await ArchiveFiles.AssertWholeAsync(store.Store, store, 600);
    }

    [Fact]
    public async Task What_an_archive_says_of_itself_is_what_it_holds()
    {
        await using var store = new TestStore();
        await ArchiveFiles.FillAsync(store, 3);
        ArchiveEntry archive = Assert.Single(await ArchiveFiles.ArchiveAsync(store.Store, store, hoursAgo: 1.5));

        List<CountedRecord> records = await ArchiveFiles.ReadAsync(store.Store, archive.FileName);
        byte[] bytes = await File.ReadAllBytesAsync(Assert.Single(ArchiveFiles.Of(store)), TestStore.Stop);
        Assert.Equal((200, 200), (records.Count, archive.Records));
        Assert.Equal((1, 20, bytes.Length), (archive.FirstBatch, archive.LastBatch, archive.Bytes));
        Assert.Equal(records.Min(record => record.AcceptedUnixNanoseconds), archive.FirstAcceptedUnixNanoseconds);
        Assert.Equal(records.Max(record => record.AcceptedUnixNanoseconds), archive.LastAcceptedUnixNanoseconds);
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes)), archive.Sha256);
        ArchiveInspection? inspection = await store.Store.Archives.InspectAsync(archive.FileName, TestStore.Stop);
        Assert.Equal((archive, true), (inspection!.Archive, inspection.IsNoted));
        Assert.Empty(inspection.Differences);
    }

    [Fact]
    public async Task A_dry_run_tells_of_the_same_archives_and_changes_nothing()
    {
        await using var store = new TestStore(ArchiveFiles.Small);
        await ArchiveFiles.FillAsync(store, 4);
        var planned = new List<ArchiveEntry>();
        for (long after = 0; ;)
        {
            var order = new ArchiveOrder(ArchiveFiles.Moment(store, 1), DryRun: true, after);
            ArchiveAnswer answer = await store.Store.Archives.CreateAsync(order, TestStore.Stop);
            if (answer.Archive is null)
                break;
            planned.Add(answer.Archive);
            after = answer.Archive.LastBatch;
        }

        Assert.Empty(ArchiveFiles.Of(store));
        Assert.Equal(400, (await store.RecordsAsync()).Count);
        List<ArchiveEntry> made = await ArchiveFiles.ArchiveAsync(store.Store, store, hoursAgo: 1);
        Assert.Equal(planned, made.Select(archive => archive with { FileName = "", Sha256 = "", IsPresent = false }));
    }

    [Theory]
    [InlineData(long.MinValue)]
    [InlineData(20)]
    [InlineData(long.MaxValue)]
    public async Task A_dry_run_after_any_batch_finds_what_there_is_or_nothing(long after)
    {
        await using var store = new TestStore();
        await ArchiveFiles.FillAsync(store, 2);
        var order = new ArchiveOrder(ArchiveFiles.Moment(store, 0.5), DryRun: true, after);
        ArchiveAnswer answer = await store.Store.Archives.CreateAsync(order, TestStore.Stop);
        Assert.Equal((after < 0 ? ArchiveOutcome.Archived : ArchiveOutcome.NothingOldEnough, ""), (answer.Outcome, answer.Reason));
    }

    [Fact]
    public async Task A_ledger_whose_records_are_all_archived_goes_on()
    {
        await using var store = new TestStore(ArchiveFiles.Small);
        await ArchiveFiles.FillAsync(store, 2);
        await ArchiveFiles.ArchiveAsync(store.Store, store, hoursAgo: 0.5);
        Assert.Empty(await store.RecordsAsync());
        await store.RestartAsync();
        await ArchiveFiles.FillAsync(store, 2, first: 201);
        await ArchiveFiles.AssertWholeAsync(store.Store, store, 400);
        await ArchiveFiles.ArchiveAsync(store.Store, store, hoursAgo: 0.5);
        await store.RestartAsync();
        await ArchiveFiles.AssertWholeAsync(store.Store, store, 400);
    }

    [Fact]
    public async Task One_record_that_is_too_young_keeps_its_whole_batch()
    {
        await using var store = new TestStore(options => options with { GroupRequests = 64 });
        await ArchiveFiles.FillAsync(store, 1);
        Assert.Equal(ArchiveOutcome.NothingOldEnough, (await CreateAsync(store, hoursAgo: 1)).Outcome); // accepted exactly then
        Assert.Equal(ArchiveOutcome.Archived, (await CreateAsync(store, hoursAgo: 0.999)).Outcome);
        await ArchiveFiles.AssertWholeAsync(store.Store, store, 100);
    }

    [Fact]
    public async Task An_empty_ledger_has_nothing_to_archive()
    {
        await using var store = new TestStore();
        Assert.Equal(ArchiveOutcome.NothingOldEnough, (await CreateAsync(store, hoursAgo: 0)).Outcome);
        Assert.Empty(await store.Store.Archives.ListAsync(TestStore.Stop));
        Assert.Null(await store.Store.Archives.InspectAsync("nothing.archive", TestStore.Stop));
        Assert.Null(await store.Store.Archives.ReadAsync("../ledger.db", default, 10, TestStore.Stop));
        Assert.Empty(ArchiveFiles.Of(store));
    }

    [Fact]
    public async Task Writes_go_on_while_records_are_archived_and_each_is_counted_once()
    {
        await using var store = new TestStore(ArchiveFiles.Small);
        await ArchiveFiles.FillAsync(store, 10);
        Task archiving = Task.Run(() => ArchiveFiles.ArchiveAsync(store.Store, store, hoursAgo: 1), TestStore.Stop);
        int next = 1001;
        for (; !archiving.IsCompleted; next += 10)
        {
            Assert.Equal([Verdict.Duplicate], await store.VerdictsAsync((next % 1000) + 1));
            await store.WriteAsync([.. Enumerable.Range(next, 10).Select(number => new RecordSpec(number, number))]);
        }

        await archiving;
        await ArchiveFiles.AssertWholeAsync(store.Store, store, next - 1);
        await store.RestartAsync();
        await ArchiveFiles.AssertWholeAsync(store.Store, store, next - 1);
    }

    [Fact]
    public async Task A_second_archive_at_the_same_time_is_refused()
    {
        TestStore? opened = null;
        var second = new List<ArchiveOutcome>();
        await using var store = new TestStore(options => options with
        {
            ArchiveStepReached = _ => second.Add(CreateAsync(opened!, hoursAgo: 1).GetAwaiter().GetResult().Outcome),
        });
        opened = store;
        await ArchiveFiles.FillAsync(store, 2);
        Assert.Equal(ArchiveOutcome.Archived, (await CreateAsync(store, hoursAgo: 1)).Outcome);
        Assert.NotEmpty(second);
        Assert.All(second, outcome => Assert.Equal(ArchiveOutcome.Busy, outcome));
    }

    [Fact]
    public async Task Who_reads_records_that_are_archived_meanwhile_is_told_so()
    {
        await using var store = new TestStore(ArchiveFiles.Small);
        await ArchiveFiles.FillAsync(store, 4);
        await using IAsyncEnumerator<CountedRecord> records = store.Ledger.ReadRecordsAsync(TestStore.Stop).GetAsyncEnumerator(TestStore.Stop);
        Assert.True(await records.MoveNextAsync());
        await ArchiveFiles.ArchiveAsync(store.Store, store, hoursAgo: 0.5);
        StoreException told = await Assert.ThrowsAsync<StoreException>(async () =>
        {
            while (await records.MoveNextAsync())
            {
            }
        });
        Assert.Contains("archived", told.Message);
    }

    [Fact]
    public async Task The_space_of_what_was_dropped_is_used_again()
    {
        await using var store = new TestStore(options => options with { IndexRecentUuids = 10_000 });
        async Task<long> PagesAsync(string pragma)
        {
            long pages = 0;
            await store.Store.ChangeAsync(database => pages = database.QueryNumber(pragma));
            return pages;
        }

        await ArchiveFiles.FillAsync(store, 60);
        long full = await PagesAsync("PRAGMA page_count");
        await ArchiveFiles.ArchiveAsync(store.Store, store, hoursAgo: 0.5);
        long free = await PagesAsync("PRAGMA freelist_count");
        Assert.True(free > full / 3, $"{free} of {full} pages are free");
        await ArchiveFiles.FillAsync(store, 20, first: 6001);
        Assert.InRange(await PagesAsync("PRAGMA page_count"), 1, full + 8);
    }

    [Fact]
    public async Task A_ledger_of_the_schema_before_archives_is_brought_up()
    {
        await using var store = new TestStore();
        await ArchiveFiles.FillAsync(store, 3);
        await store.CloseAsync();
        store.TakeBackTo(2);
        Assert.Equal((2, Schema.Migrations[^1].Version), (store.Store.Opening.FoundSchemaVersion, store.Store.Opening.SchemaVersion));
        Assert.Single(await ArchiveFiles.ArchiveAsync(store.Store, store, hoursAgo: 1));
        await ArchiveFiles.AssertWholeAsync(store.Store, store, 300);
    }

    private static Task<ArchiveAnswer> CreateAsync(TestStore store, double hoursAgo) =>
        store.Store.Archives.CreateAsync(new ArchiveOrder(ArchiveFiles.Moment(store, hoursAgo)), TestStore.Stop);

    private static async Task<List<CountedRecord>> InOrderAsync(TestStore store) =>
        await store.Ledger.ReadRecordsAsync(TestStore.Stop).ToListAsync(TestStore.Stop);
}
