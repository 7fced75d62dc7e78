namespace Metering.Ledger.Sqlite.Tests;

/// <summary>
/// What was noted as archived, but not yet dropped: the records are dropped only while the file is there and whole, and
/// until then they are as good as ever.
/// </summary>
public sealed class ArchiveFinishTests
{
    [Theory]
    [InlineData("gone")]
    [InlineData("damaged")]
    [InlineData("whole")] // the control
    public async Task Records_whose_archive_is_not_there_whole_are_not_dropped_until_it_is(string state)
    {
        await using TestStore store = await NotedAsync();
        string file = ArchiveFiles.Of(store)[0], elsewhere = store.Path + "-elsewhere";
        File.Copy(file, elsewhere);
        if (state == "gone")
            File.Delete(file);
        if (state == "damaged")
            await File.WriteAllBytesAsync(file, (await File.ReadAllBytesAsync(elsewhere, TestStore.Stop))[..^1], TestStore.Stop);
        if (state != "whole")
        {
            Assert.Contains(file, Assert.Single(store.Store.Opening.Notices));
            Assert.Equal(30, await BatchesWithRecordsAsync(store));
            ArchiveAnswer answer = await store.Store.Archives.CreateAsync(new ArchiveOrder(ArchiveFiles.Moment(store, 0.5)), TestStore.Stop);
            Assert.Equal(ArchiveOutcome.Archived, answer.Outcome); // the next one goes on, and leaves those alone
            Assert.Equal(20, await BatchesWithRecordsAsync(store));
            await store.CloseAsync();
            File.Copy(elsewhere, file, overwrite: true);
        }

        Assert.Empty(store.Store.Opening.Notices);
        Assert.Equal(state == "whole" ? 10 : 0, await BatchesWithRecordsAsync(store));
        await ArchiveFiles.AssertWholeAsync(store.Store, store, 300);
    }

    [Fact]
    public async Task An_index_that_is_lost_is_made_again_from_records_that_were_not_dropped_yet()
    {
        await using TestStore store = await NotedAsync();
        Directory.Delete(store.Path + ".index", recursive: true);
        Directory.Move(ArchiveFiles.FolderOf(store.Path), ArchiveFiles.FolderOf(store.Path) + "-elsewhere");
        await AssertDuplicatesAsync(store);
        await store.CloseAsync();
        Directory.Move(ArchiveFiles.FolderOf(store.Path) + "-elsewhere", ArchiveFiles.FolderOf(store.Path));
        await ArchiveFiles.AssertWholeAsync(store.Store, store, 300);
        Assert.Equal(10, await BatchesWithRecordsAsync(store));
    }

    [Fact]
    public async Task An_index_that_is_lost_is_made_again_from_what_was_dropped_and_what_was_not()
    {
        await using TestStore store = await NotedAsync(dropped: 5);
        Directory.Delete(store.Path + ".index", recursive: true);
        string file = ArchiveFiles.Of(store)[0], elsewhere = store.Path + "-elsewhere";
        File.Move(file, elsewhere);
        Assert.Contains(file, Assert.Throws<StoreException>(() => store.Store).Message);
        File.Move(elsewhere, file);
        await ArchiveFiles.AssertWholeAsync(store.Store, store, 300);
        Assert.Equal(10, await BatchesWithRecordsAsync(store));
    }

    [Fact]
    public async Task A_server_that_does_not_start_for_want_of_archives_has_dropped_nothing()
    {
        await using TestStore store = await NotedAsync(dropped: 5);
        Directory.Delete(store.Path + ".index", recursive: true);
        string file = ArchiveFiles.Of(store)[0];
        File.Move(file, store.Path + "-elsewhere");
        Assert.Contains("Nothing was changed", Assert.Throws<StoreException>(() => store.Store).Message);
        using Database database = Database.OpenForReading(store.Path);
        Assert.Equal(25, database.QueryNumber("SELECT count(*) FROM batch WHERE length(body) > 4"));
    }

    // Three hours of ten batches; the first two are in an archive that is noted, as a kill leaves it then.
    private static async Task<TestStore> NotedAsync(int dropped = 0)
    {
        string? copy = null;
        TestStore? opened = null;
        var store = new TestStore(options => ArchiveFiles.Small(options) with
        {
            ArchiveBytes = 1_000_000,
            CheckpointIdle = TimeSpan.FromHours(1),
            IndexFanIn = 64,
            ArchiveStepReached = step =>
            {
                if (step == ArchiveStep.Noted && copy is null)
                    copy = ArchiveFiles.Copy(opened!.Path, opened.Path + "-copy");
            },
        });
        opened = store;
        await ArchiveFiles.FillAsync(store, 3);
        Assert.Single(await ArchiveFiles.ArchiveAsync(store.Store, store, hoursAgo: 1.5));
        await store.CloseAsync();
        Replace(store.Path, copy!);
        if (dropped > 0)
            store.Edit($"UPDATE batch SET body = substr(body, -4) WHERE number <= {dropped}; UPDATE archive SET dropped_batch = {dropped}");
        return store;
    }

    private static void Replace(string ledger, string copy)
    {
        Directory.Delete(ledger + ".index", recursive: true);
        Directory.Move(copy + ".index", ledger + ".index");
        foreach (string ending in (string[])["", "-wal", "-shm"])
        {
            File.Delete(ledger + ending);
            if (File.Exists(copy + ending))
                File.Move(copy + ending, ledger + ending);
        }
    }

    private static async Task<long> BatchesWithRecordsAsync(TestStore store)
    {
        long batches = 0;
        await store.Store.ChangeAsync(database => batches = database.QueryNumber("SELECT count(*) FROM batch WHERE length(body) > 4"));
        return batches;
    }

    private static async Task AssertDuplicatesAsync(TestStore store)
    {
        for (int id = 1; id <= 300; id++)
            Assert.Equal([Verdict.Duplicate], await store.VerdictsAsync(id));
        Assert.Empty((await store.Ledger.VerifyAsync(TestStore.Stop)).Differences);
    }
}
