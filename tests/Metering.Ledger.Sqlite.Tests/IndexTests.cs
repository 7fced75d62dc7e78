namespace Metering.Ledger.Sqlite.Tests;

/// <summary>The index of counted uuids within a store, with so little memory that it seals and merges all the time.</summary>
public sealed class IndexTests
{
    [Fact]
    public async Task Nothing_is_counted_twice_while_runs_are_sealed_merged_and_found_again()
    {
        await using var store = new TestStore(Tiny);
        for (int id = 1; id <= 2000; id += 20)
            Assert.All(await store.VerdictsAsync(Records(id, 20)), verdict => Assert.Equal(Verdict.Accepted, verdict));
        await IndexFiles.WaitAsync(store, figures => figures.SealedUuids > 1900);
        for (int restart = 0; restart < 2; restart++)
        {
            for (int id = 1; id <= 2000; id += 20)
                Assert.All(await store.VerdictsAsync(Records(id, 20)), verdict => Assert.Equal(Verdict.Duplicate, verdict));
            await store.RestartAsync();
            Assert.Equal(2000, store.Store.Opening.Records);
            Assert.Empty(store.Store.Opening.Notices);
        }

        await store.AssertSoundAsync();
    }

    [Fact]
    public async Task Runs_stay_few_and_only_they_are_there()
    {
        await using var store = new TestStore(options => Tiny(options) with { IndexFanIn = 3 });
        for (int id = 1; id <= 6000; id += 20)
            await store.VerdictsAsync(Records(id, 20));
        await IndexFiles.WaitAsync(store, figures => figures.SealedUuids > 5900 && figures.Runs <= 24);
        await store.CloseAsync();
        Assert.InRange(IndexFiles.Of(store.Path).Length, 1, 24);
        Assert.All(IndexFiles.Of(store.Path), file => Assert.EndsWith(".run", file));
        if (!OperatingSystem.IsWindows())
            Assert.All(IndexFiles.Of(store.Path), file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
    }

    [Fact]
    public async Task A_uuid_earlier_in_its_group_counts_wherever_the_others_are()
    {
        await using var store = new TestStore(Tiny);
        await store.VerdictsAsync(Records(1, 25));
        await IndexFiles.WaitAsync(store, figures => figures.SealedUuids == 25);
        await store.VerdictsAsync(100);
        Assert.Equal(
            [Verdict.Duplicate, Verdict.Accepted, Verdict.Duplicate, Verdict.Duplicate, Verdict.Duplicate],
            await store.VerdictsAsync(1, 200, 200, 100, 25));
        Assert.Equal(
            [Verdict.Duplicate, Verdict.Accepted, Verdict.Duplicate, Verdict.Duplicate],
            await store.VerdictsAsync(store.Request([2, 300, 300, 200], dryRun: true)));
        Assert.Equal([Verdict.Accepted], await store.VerdictsAsync(300)); // the dry run used up nothing
    }

    [Fact]
    public async Task An_index_that_was_deleted_is_made_again()
    {
        await using var store = new TestStore(Tiny);
        for (int id = 1; id <= 500; id += 20)
            await store.VerdictsAsync(Records(id, 20));
        await store.CloseAsync();
        Directory.Delete(store.Path + ".index", recursive: true);
        await IndexFiles.AssertCountedAsync(store.Store, store, 500);
        Assert.True(store.Store.IndexFigures.Runs > 0);
    }

    [Fact]
    public async Task The_writer_waits_when_a_second_table_is_full_before_the_first_is_sealed()
    {
        using var hold = new ManualResetEventSlim();
        await using var store = new TestStore(options => Tiny(options) with { IndexStepReached = _ => hold.Wait() });
        var writes = new List<Task<LedgerAnswer>>();
        for (int id = 1; store.Store.IndexFigures.Waits == 0; id += 20)
        {
            writes.Add(store.WriteAsync(Records(id, 20)));
            await Task.WhenAny(writes[^1], Task.Delay(20, TestStore.Stop));
        }

        Assert.False(writes[^1].IsCompleted);
        hold.Set();
        Assert.All(await Task.WhenAll(writes), answer => Assert.Equal(LedgerAnswer.Committed, answer));
        await store.AssertSoundAsync();
    }

    [Fact]
    public async Task A_disk_too_full_to_seal_refuses_once_memory_is_used_up_and_goes_on_when_there_is_space()
    {
        bool isFull = true;
        await using var store = new TestStore(options => Tiny(options) with
        {
            IndexStepReached = _ =>
            {
                if (Volatile.Read(ref isFull))
                    throw new IOException("No space left on device", 28);
            },
        });
        var notices = new List<string>();
        store.Store.Noticed += (_, notice) =>
        {
            lock (notices)
                notices.Add(notice.Sentence);
        };
        int counted = 0;
        LedgerAnswer answer;
        while ((answer = await store.WriteAsync(Records(counted + 1, 20))) == LedgerAnswer.Committed)
            counted += 20;
        Assert.Equal(LedgerAnswer.StorageFull, answer);
        Assert.False(store.Ledger.Failure.IsCompleted);
        Volatile.Write(ref isFull, false);
        while (await store.WriteAsync(Records(counted + 1, 20)) != LedgerAnswer.Committed)
            await Task.Delay(20, TestStore.Stop);
        await IndexFiles.AssertCountedAsync(store.Store, store, counted + 20);
        lock (notices)
            Assert.Contains(notices, notice => notice.Contains("cannot be sealed: the disk is full", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_space_for_a_merge_there_are_more_runs_and_nothing_else_changes()
    {
        await using var store = new TestStore(options => Tiny(options) with { FreeDiskBytes = long.MaxValue / 2 });
        store.Store.Disk.Measure = () => long.MaxValue; // enough for records
        for (int id = 1; id <= 1000; id += 20)
            await store.VerdictsAsync(Records(id, 20));
        await IndexFiles.WaitAsync(store, figures => figures.SealedUuids > 900);
        IndexFigures figures = store.Store.IndexFigures;
        Assert.True(figures.Runs * 100 >= figures.SealedUuids); // each is one table of 10 to 110 uuids: none was merged
        await IndexFiles.AssertCountedAsync(store.Store, store, 1000);
    }

    [Fact]
    public async Task A_disk_that_fails_while_sealing_stops_the_store_and_the_next_start_has_everything()
    {
        bool fails = true;
        await using var store = new TestStore(options => Tiny(options) with
        {
            IndexStepReached = _ =>
            {
                if (Volatile.Read(ref fails))
                    throw new IOException("Input/output error", 5);
            },
        });
        int confirmed = 0;
        LedgerAnswer last;
        while ((last = await store.WriteAsync(Records(confirmed + 1, 20))) == LedgerAnswer.Committed)
            confirmed += 20;
        Assert.Contains("Input/output error", await store.Ledger.Failure.WaitAsync(TestStore.Stop));
        Volatile.Write(ref fails, false);
        await store.CloseAsync();
        int counted = (await store.RecordsAsync()).Count;
        Assert.True(counted == confirmed || (counted == confirmed + 20 && last == LedgerAnswer.OutcomeUnknown), $"{confirmed} confirmed, {counted} counted");
        await IndexFiles.AssertCountedAsync(store.Store, store, counted);
    }

    private static SqliteStoreOptions Tiny(SqliteStoreOptions options) => options with { IndexRecentUuids = 10, IndexFanIn = 2, GroupRequests = 4 };

    private static List<RecordSpec> Records(int first, int count) => [.. Enumerable.Range(first, count).Select(id => (RecordSpec)id)];
}
