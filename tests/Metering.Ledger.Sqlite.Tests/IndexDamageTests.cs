using System.Collections.Concurrent;

namespace Metering.Ledger.Sqlite.Tests;

/// <summary>Index files that are cut off, damaged, foreign, too new or too old: never a wrong verdict, and made again.</summary>
public sealed class IndexDamageTests
{
    private const int Records = 600;

    [Fact]
    public async Task A_crash_at_any_step_of_sealing_and_merging_leaves_files_that_the_next_start_can_use()
    {
        string? source = null;
        var steps = new ConcurrentQueue<IndexStep>();
        await using var store = new TestStore(options => Tiny(options) with
        {
            CheckpointIdle = TimeSpan.FromHours(1), // the file stands still while the log, copied after it, grows
            IndexStepReached = step =>
            {
                // On the index's own thread: the folder stands still, too.
                if (source is null || steps.Count(other => other == step) == 12)
                    return;
                IndexFiles.Copy(source, $"{source}-copy{steps.Count}.db");
                steps.Enqueue(step);
            },
        });
        source = store.Path;
        await FillAsync(store, Records);
        await IndexFiles.WaitAsync(store, _ => steps.Distinct().Count() == Enum.GetValues<IndexStep>().Length);
        await store.CloseAsync();

        var random = new Random(7);
        for (int copy = 0; copy < steps.Count; copy++)
        {
            string path = $"{source}-copy{copy}.db";
            if (copy % 3 == 2) // and as if files had been deleted in another order, or only some of them
                Array.ForEach(IndexFiles.Of(path), file => DeleteSometimes(file, random));
            await using SqliteStore crashed = SqliteStore.Open(Tiny(new SqliteStoreOptions(path)), store.Time);
            await IndexFiles.AssertCountedAsync(crashed, store, (int)crashed.Opening.Records);
            Assert.Empty(crashed.Opening.Notices);
        }
    }

    [Theory]
    [InlineData("header")]
    [InlineData("directory")]
    [InlineData("filter")]
    [InlineData("footer")]
    [InlineData("length")]
    [InlineData("nothing")] // the control
    public async Task Damage_that_is_seen_at_start_is_told_and_the_run_is_made_again(string part)
    {
        await using TestStore store = await ClosedAsync();
        string file = IndexFiles.Of(store.Path)[0];
        Assert.True(RunHeader.TryRead(await File.ReadAllBytesAsync(file, TestStore.Stop), out RunHeader header));
        switch (part)
        {
            case "header": Flip(file, 20); break;
            case "directory": Flip(file, header.DirectoryStart + 1); break;
            case "filter": Flip(file, header.FilterStart + 3); break;
            case "footer": Flip(file, header.FooterStart + 2); break;
            case "length": Cut(file, header.FileBytes - 1); break;
        }

        if (part == "nothing")
            Assert.Empty(store.Store.Opening.Notices);
        else
            Assert.Contains(file, Assert.Single(store.Store.Opening.Notices));
        await IndexFiles.AssertCountedAsync(store.Store, store, Records);
        await store.RestartAsync();
        Assert.Empty(store.Store.Opening.Notices);
        await IndexFiles.AssertCountedAsync(store.Store, store, Records);
    }

    [Fact]
    public async Task A_damaged_chunk_is_seen_when_it_is_read_and_no_verdict_comes_of_it()
    {
        await using TestStore store = await ClosedAsync();
        foreach (string file in IndexFiles.Of(store.Path))
            Flip(file, RunHeader.Bytes + 5);

        // Opening reads no chunk, unless a record that no run covers passes a filter by chance: then its run is already dropped.
        Assert.All(store.Store.Opening.Notices, notice => Assert.Contains("the checksum of chunk", notice));
        var answers = new List<LedgerAnswer>();
        for (int id = 1; id <= Records; id++)
        {
            UsageWrite write = store.Request([id]);
            answers.Add(await store.Ledger.WriteAsync(write));
            if (answers[^1] == LedgerAnswer.Committed)
                Assert.Equal(Verdict.Duplicate, write.Records[0].Verdict);
        }

        Assert.Contains(LedgerAnswer.OutcomeUnknown, answers);
        string sentence = await store.Ledger.Failure.WaitAsync(TestStore.Stop);
        Assert.Contains("the checksum of chunk", sentence);

        // Each start finds and drops one more; nothing is ever judged wrongly meanwhile.
        for (int start = 0; store.Ledger.Failure.IsCompleted; start++)
        {
            Assert.InRange(start, 0, 100);
            await store.RestartAsync();
            for (int id = 1; id <= Records && !store.Ledger.Failure.IsCompleted; id++)
                await store.Ledger.WriteAsync(store.Request([id]));
        }

        await IndexFiles.AssertCountedAsync(store.Store, store, Records);
    }

    [Fact]
    public async Task A_ledger_restored_from_an_older_copy_does_not_believe_the_newer_runs()
    {
        await using TestStore store = await ClosedAsync();
        string older = store.Path + "-older";
        File.Copy(store.Path, older);
        await FillAsync(store, Records, first: Records + 1);
        await store.CloseAsync();

        File.Copy(older, store.Path, overwrite: true);
        Assert.NotEmpty(store.Store.Opening.Notices);
        Assert.Equal(Records, store.Store.Opening.Records);
        await IndexFiles.AssertCountedAsync(store.Store, store, Records);
        Assert.Equal([Verdict.Accepted], await store.VerdictsAsync(Records + 1)); // it is not in this ledger
    }

    [Fact]
    public async Task A_restored_ledger_that_went_on_otherwise_does_not_believe_runs_of_its_other_past()
    {
        await using TestStore store = await ClosedAsync();
        string older = store.Path + "-older", aside = store.Path + "-aside";
        File.Copy(store.Path, older);
        await FillAsync(store, Records, first: Records + 1);
        await store.CloseAsync();
        Directory.Move(store.Path + ".index", aside);

        // As many batches as before, of other records; and then the old runs come back.
        File.Copy(older, store.Path, overwrite: true);
        await FillAsync(store, Records, first: 10_001);
        await store.CloseAsync();
        Directory.Delete(store.Path + ".index", recursive: true);
        Directory.Move(aside, store.Path + ".index");

        Assert.NotEmpty(store.Store.Opening.Notices);
        Assert.Equal(2 * Records, store.Store.Opening.Records);
        Assert.Equal([Verdict.Accepted, Verdict.Duplicate], await store.VerdictsAsync(Records + 1, 10_001));
        await store.AssertSoundAsync();
    }

    [Fact]
    public async Task Runs_of_another_ledger_are_not_believed()
    {
        await using TestStore store = await ClosedAsync();
        await using TestStore other = await ClosedAsync();
        Directory.Delete(store.Path + ".index", recursive: true);
        Directory.Move(other.Path + ".index", store.Path + ".index");
        Assert.All(store.Store.Opening.Notices, notice => Assert.Contains("another ledger", notice));
        Assert.NotEmpty(store.Store.Opening.Notices);
        await IndexFiles.AssertCountedAsync(store.Store, store, Records);
    }

    [Theory]
    [InlineData("a uuid less")]
    [InlineData("another uuid")]
    [InlineData("another batch")]
    [InlineData("nothing")] // the control
    public async Task A_run_that_is_whole_but_not_what_the_records_say_is_found_by_verification(string change)
    {
        await using TestStore store = await ClosedAsync();
        string file = IndexFiles.Of(store.Path)[0];
        Rewrite(store.Path, file, change);
        IReadOnlyList<string> differences = (await store.Ledger.VerifyAsync(TestStore.Stop)).Differences;
        if (change == "nothing")
            Assert.Empty(differences);
        else
            Assert.Contains(file, Assert.Single(differences));
    }

    [Fact]
    public async Task A_damaged_chunk_is_found_by_verification()
    {
        await using TestStore store = await ClosedAsync();
        string file = IndexFiles.Of(store.Path)[0];
        Flip(file, RunHeader.Bytes + 5);
        Assert.Contains("chunk 0", Assert.Single((await store.Ledger.VerifyAsync(TestStore.Stop)).Differences));
    }

    private static void Rewrite(string ledger, string file, string change)
    {
        Run run = RunFile.Open(file);
        var entries = new List<IndexEntry>();
        var cursor = new RunCursor(run);
        while (cursor.Next(out IndexEntry entry))
            entries.Add(entry);
        run.Release();
        switch (change)
        {
            case "a uuid less": entries.RemoveAt(3); break;
            case "another uuid": entries[3] = entries[3] with { Key = entries[3].Key + 1 }; break;
            case "another batch": entries[3] = entries[3] with { Batch = entries[3].Batch ^ 1 }; break;
        }

        var folder = new RunFolder(ledger, run.Header.Ledger);
        using RunWriter writer = folder.Write(run.Header with { Entries = entries.Count });
        entries.ForEach(writer.Add);
        writer.Finish(null).Release();
    }

    private static SqliteStoreOptions Tiny(SqliteStoreOptions options) => options with { IndexRecentUuids = 30, IndexFanIn = 3, GroupRequests = 2 };

    private static async Task<TestStore> ClosedAsync()
    {
        var store = new TestStore(options => Tiny(options) with { IndexFanIn = 64 }); // nothing is merged: the files stay
        await FillAsync(store, Records);
        await IndexFiles.WaitAsync(store, figures => figures.SealedUuids > Records - 100);
        await store.CloseAsync();
        Assert.NotEmpty(IndexFiles.Of(store.Path));
        return store;
    }

    private static async Task FillAsync(TestStore store, int count, int first = 1)
    {
        for (int id = first; id < first + count; id += 10)
            Assert.Equal(LedgerAnswer.Committed, await store.WriteAsync([.. Enumerable.Range(id, 10).Select(number => (RecordSpec)number)]));
    }

    private static void DeleteSometimes(string file, Random random)
    {
        if (random.Next(2) == 0)
            File.Delete(file);
    }

    private static void Flip(string file, long position)
    {
        using FileStream stream = File.Open(file, FileMode.Open);
        stream.Position = position;
        int value = stream.ReadByte();
        stream.Position = position;
        stream.WriteByte((byte)(value ^ 0x10));
    }

    private static void Cut(string file, long length)
    {
        using FileStream stream = File.Open(file, FileMode.Open);
        stream.SetLength(length);
    }
}
