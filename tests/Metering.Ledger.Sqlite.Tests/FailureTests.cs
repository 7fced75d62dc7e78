using SQLitePCL;

namespace Metering.Ledger.Sqlite.Tests;

public sealed class FailureTests
{
    [Fact]
    public async Task A_full_disk_refuses_clearly_and_writing_goes_on_when_there_is_space()
    {
        await using var store = new TestStore();
        var notices = new List<string>();
        store.Store.Noticed += (_, notice) => notices.Add(notice.Sentence);
        await store.WriteAsync(1);
        await LimitPagesAsync(store, extra: 2);

        var counted = new List<int> { 1 };
        var refused = new List<int>();
        for (int id = 2; id < 2000; id += 20)
        {
            LedgerAnswer answer = await store.WriteAsync([.. Enumerable.Range(id, 20).Select(number => (RecordSpec)number)]);
            Assert.Contains(answer, new[] { LedgerAnswer.Committed, LedgerAnswer.StorageFull });
            (answer == LedgerAnswer.Committed ? counted : refused).AddRange(Enumerable.Range(id, 20));
        }

        Assert.NotEmpty(refused);
        Assert.False(store.Ledger.Failure.IsCompleted);
        await store.AssertSoundAsync();
        Assert.Equal(counted.Count, (await store.RecordsAsync()).Count);

        await LimitPagesAsync(store, extra: 1_000_000);
        foreach (int id in refused)
            Assert.Equal([Verdict.Accepted], await store.VerdictsAsync(id)); // what was refused used up no uuid
        Assert.Equal([Verdict.Duplicate], await store.VerdictsAsync(1));
        Assert.Collection(notices, full => Assert.Contains("disk is full", full), free => Assert.Contains("space again", free));
        await store.RestartAsync();
        await store.AssertSoundAsync();
        Assert.Equal(counted.Count + refused.Count, (await store.RecordsAsync()).Count);
    }

    [Fact]
    public async Task Free_space_below_the_reserve_refuses_early_and_is_noticed_again()
    {
        await using var store = new TestStore(options => options with { FreeDiskBytes = 1000 });
        long free = 1000;
        int looks = 0;
        store.Store.Disk.Measure = () =>
        {
            looks++;
            return Volatile.Read(ref free);
        };
        for (int id = 1; id <= 50; id++)
            Assert.Equal(LedgerAnswer.Committed, await store.WriteAsync(id));
        Assert.Equal(1, looks); // about once a second, and the clock stood still

        Volatile.Write(ref free, 999);
        store.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(LedgerAnswer.StorageFull, await store.WriteAsync(51));
        Assert.Equal(LedgerAnswer.StorageFull, await store.Ledger.WriteAsync(store.Request([51], dryRun: true)));
        Volatile.Write(ref free, 1000);
        Assert.Equal([Verdict.Accepted], await store.VerdictsAsync(51));
    }

    [Fact]
    public async Task A_commit_that_fails_leaves_the_outcome_unknown_and_nothing_is_ever_committed_again()
    {
        await using var store = new TestStore();
        await store.WriteAsync(1);
        await FailCommitsAsync(store, fail: true);
        Assert.Equal(LedgerAnswer.OutcomeUnknown, await store.WriteAsync(2));
        string sentence = await store.Ledger.Failure.WaitAsync(TestStore.Stop);
        Assert.Contains(store.Path, sentence);
        Assert.Contains("start the server again", sentence);

        for (int id = 3; id < 30; id++)
            Assert.Equal(LedgerAnswer.OutcomeUnknown, await store.WriteAsync(id));
        Assert.Equal(LedgerAnswer.OutcomeUnknown, await store.Ledger.WriteAsync(store.Request([1], dryRun: true)));
        await Assert.ThrowsAsync<StoreException>(() => store.Store.Catalog.ApplyAsync(0, [], TestStore.Stop));

        await store.RestartAsync();
        Assert.Equal([Verdict.Duplicate, Verdict.Accepted], await store.VerdictsAsync(1, 2));
        await store.AssertSoundAsync();
    }

    [Fact]
    public async Task A_failure_answers_everything_that_waits()
    {
        await using var store = new TestStore(options => options with { GroupRequests = 3 });
        using var hold = new ManualResetEventSlim();
        await FailCommitsAsync(store, fail: true);
        Task held = store.Store.ChangeAsync(_ => hold.Wait());
        Task<LedgerAnswer>[] waiting = [.. Enumerable.Range(1, 40).Select(id => store.WriteAsync(id))];
        hold.Set();
        await Assert.ThrowsAsync<StoreException>(() => held); // its commit fails too, and is the first to
        Assert.All(await Task.WhenAll(waiting), answer => Assert.Equal(LedgerAnswer.OutcomeUnknown, answer));
    }

    [Fact]
    public async Task The_means_of_these_tests_can_also_let_commits_pass()
    {
        await using var store = new TestStore();
        await FailCommitsAsync(store, fail: false);
        Assert.Equal(LedgerAnswer.Committed, await store.WriteAsync(1));
    }

    [Fact]
    public async Task A_failure_met_beside_the_writer_stops_it()
    {
        await using var store = new TestStore();
        SqliteStore opened = store.Store;
        opened.Fail("the disk is gone");
        Assert.Equal("the disk is gone", await opened.Ledger.Failure);
        Assert.Equal(LedgerAnswer.OutcomeUnknown, await opened.Ledger.WriteAsync(store.Request([1])));
    }

    [Fact]
    public async Task A_failure_met_beside_the_writer_during_a_commit_leaves_its_outcome_unknown()
    {
        await using var store = new TestStore();
        SqliteStore opened = store.Store;
        bool fails = false;
        await opened.ChangeAsync(database => raw.sqlite3_commit_hook(
            database.Handle,
            _ =>
            {
                if (Volatile.Read(ref fails))
                    opened.Fail("the disk is gone");
                return 0; // and the commit succeeds
            },
            null));
        Assert.Equal(LedgerAnswer.Committed, await store.WriteAsync(1));
        Volatile.Write(ref fails, true);
        Assert.Equal(LedgerAnswer.OutcomeUnknown, await store.WriteAsync(2));
        await store.RestartAsync();
        Assert.Equal([Verdict.Duplicate, Verdict.Duplicate], await store.VerdictsAsync(1, 2)); // it was counted, after all
    }

    [Fact]
    public async Task A_checkpoint_that_fails_is_reported_as_a_failure()
    {
        await using var store = new TestStore(options => options with { CheckpointIdle = TimeSpan.FromHours(1) });
        await store.WriteAsync(1);
        await using (FileStream log = File.OpenWrite(store.Path + "-wal"))
            log.SetLength(0); // what it is to copy cannot be read any more

        var told = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var checkpointer = new Checkpointer(Database.OpenForWriting(store.Path), store.Options, _ => { }) { Failed = sentence => told.SetResult(sentence) };
        checkpointer.Start();
        checkpointer.Committed(1_000_000);
        Assert.Contains("checkpoint of " + store.Path, await told.Task.WaitAsync(TestStore.Stop));
        checkpointer.Stop();
    }

    [Fact]
    public async Task A_reader_that_takes_too_long_is_given_up_and_the_log_is_free_again()
    {
        await using var store = new TestStore(options => options with { CheckpointIdle = TimeSpan.FromMilliseconds(50) });
        for (int id = 1; id < 3000; id += 25)
            await store.WriteAsync([.. Enumerable.Range(id, 25).Select(number => new RecordSpec(number, Sku: number))]);
        await using IAsyncEnumerator<HourTotal> reader = store.Ledger.ReadTotalsAsync(HourRange.All, TestStore.Stop).GetAsyncEnumerator(TestStore.Stop);
        Assert.True(await reader.MoveNextAsync());
        await store.WriteAsync(5000);
        Assert.True(store.Store.LogBytes > 0);
        store.Time.Advance(store.Options.ReaderLifetime);
        store.Time.RunTimers();
        StoreException fault = await Assert.ThrowsAsync<StoreException>(async () =>
        {
            while (await reader.MoveNextAsync())
            {
            }
        });
        Assert.Contains("smaller range", fault.Message);
        while (store.Store.LogBytes > 0)
            await Task.Delay(20, TestStore.Stop);
        await store.AssertSoundAsync();
    }

    [Fact]
    public async Task The_log_is_started_anew_while_writing_goes_on()
    {
        const int Bytes = 64 * 1024;
        await using var store = new TestStore(options => options with { CheckpointBytes = Bytes, RestartLogBytes = Bytes * 2, CheckpointIdle = TimeSpan.FromHours(1) });
        long written = 0;
        int id = 1;
        long longest = 0;
        for (int round = 0; round < 1500; round++, id += 25)
        {
            await store.WriteAsync([.. Enumerable.Range(id, 25).Select(number => (RecordSpec)number)]);
            written += 3 * 4096; // at least the batch, its page above and a total
            longest = Math.Max(longest, store.Store.LogBytes);
        }

        Assert.True(longest < written, $"the log grew to {longest} bytes of {written} written");
        await store.RestartAsync();
        await store.AssertSoundAsync();
    }

    private static Task LimitPagesAsync(TestStore store, int extra) => store.Store.ChangeAsync(database =>
        database.QueryNumber($"PRAGMA max_page_count = {database.QueryNumber("PRAGMA page_count") + extra}"));

    // SQLite itself turns the COMMIT into an error: the nearest thing to a failing disk inside one process.
    private static Task FailCommitsAsync(TestStore store, bool fail) => store.Store.ChangeAsync(database =>
    {
        bool isFirst = true; // the commit of this very change
        raw.sqlite3_commit_hook(
            database.Handle,
            _ =>
            {
                bool spare = isFirst;
                isFirst = false;
                return fail && !spare ? 1 : 0;
            },
            null);
    });
}
