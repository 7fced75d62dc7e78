using System.Collections.Concurrent;

namespace Metering.Ledger.Sqlite.Tests;

/// <summary>Archiving that is cut off anywhere, archives that are damaged or gone: no record is lost, none counted twice.</summary>
public sealed class ArchiveDamageTests
{
    [Fact]
    public async Task A_crash_at_any_step_leaves_every_record_in_the_ledger_or_in_an_archive()
    {
        string? source = null;
        var steps = new ConcurrentQueue<ArchiveStep>();
        await using var store = new TestStore(options => ArchiveFiles.Small(options) with
        {
            CheckpointIdle = TimeSpan.FromHours(1), // the file stands still while the log, copied after it, grows
            IndexFanIn = 64, // nothing is merged: the folder stands still, too
            ArchiveStepReached = step =>
            {
                if (source is not null && steps.Count(other => other == step) < 3)
                    ArchiveFiles.Copy(source, Path.Combine(Path.GetDirectoryName(source)!, $"copy{steps.Count}"));
                steps.Enqueue(step);
            },
        });
        await ArchiveFiles.FillAsync(store, 6);
        source = store.Path;
        await ArchiveFiles.ArchiveAsync(store.Store, store, hoursAgo: 2);
        Assert.Equal(Enum.GetValues<ArchiveStep>(), steps.Distinct());

        string[] copies = Directory.GetDirectories(Path.GetDirectoryName(source)!, "copy*");
        Assert.True(copies.Length >= Enum.GetValues<ArchiveStep>().Length);
        foreach (string copy in copies)
        {
            SqliteStoreOptions options = ArchiveFiles.Small(new SqliteStoreOptions(Path.Combine(copy, "ledger.db")));
            await using (SqliteStore crashed = SqliteStore.Open(options, store.Time))
            {
                Assert.Empty(crashed.Opening.Notices);
                Assert.Empty(Directory.EnumerateFiles(Path.Combine(copy, "archives"), "*.tmp"));
                await ArchiveFiles.AssertWholeAsync(crashed, store, 600);

                // And it goes on where it ended: a file that had its name is taken, not written a second time.
                await ArchiveFiles.ArchiveAsync(crashed, store, hoursAgo: 2);
                await ArchiveFiles.AssertWholeAsync(crashed, store, 600);
                IReadOnlyList<ArchiveEntry> archives = await crashed.Archives.ListAsync(TestStore.Stop);
                Assert.Equal(400, archives.Sum(archive => archive.Records));
                Assert.Equal(archives.Count, Directory.GetFiles(Path.Combine(copy, "archives")).Length);
            }

            await using SqliteStore again = SqliteStore.Open(options, store.Time);
            await ArchiveFiles.AssertWholeAsync(again, store, 600);
        }
    }

    [Theory]
    [InlineData(false, 1_500)]
    [InlineData(false, 20)] // its header
    [InlineData(false, 120)] // its names
    [InlineData(true, 1_500)] // the control: without reading back, records are lost
    public async Task A_file_that_the_disk_did_not_keep_as_written_is_found_before_anything_is_dropped(bool isProofSkipped, int position)
    {
        TestStore? opened = null;
        await using var store = new TestStore(options => options with
        {
            IsArchiveProofSkipped = isProofSkipped,
            ArchiveStepReached = step =>
            {
                if (step == ArchiveStep.Written)
                    Flip(ArchiveFiles.Of(opened!)[0], position);
            },
        });
        opened = store;
        await ArchiveFiles.FillAsync(store, 3);
        ArchiveAnswer answer = await store.Store.Archives.CreateAsync(new ArchiveOrder(ArchiveFiles.Moment(store, 1)), TestStore.Stop);
        if (isProofSkipped)
        {
            Assert.True((await store.RecordsAsync()).Count < 300);
            Assert.NotEmpty((await store.Ledger.VerifyAsync(TestStore.Stop)).Differences);
            return;
        }

        Assert.Equal(ArchiveOutcome.Failed, answer.Outcome);
        Assert.Contains("damaged", answer.Reason);
        Assert.Contains("nothing was dropped", answer.Reason);
        Assert.Equal(300, (await store.RecordsAsync()).Count);
        Assert.Empty(ArchiveFiles.Of(store));
        await ArchiveFiles.AssertWholeAsync(store.Store, store, 300);
    }

    [Fact]
    public async Task Every_flipped_bit_of_an_archive_is_found_and_the_file_named()
    {
        await using var store = new TestStore(options => options with { ArchiveBytes = 1 });
        await store.WriteAsync(1, 2, 3);
        await store.WriteAsync(4);
        store.Time.Advance(TimeSpan.FromHours(2));
        await ArchiveFiles.ArchiveAsync(store.Store, store, hoursAgo: 1);
        string file = ArchiveFiles.Of(store)[0];
        string name = Path.GetFileName(file);
        int length = (int)new FileInfo(file).Length;
        for (int position = 0; position < length; position++)
        {
            Flip(file, position);
            ArchiveInspection? inspection = await store.Store.Archives.InspectAsync(name, TestStore.Stop);
            Assert.Contains(file, Assert.Single(inspection!.Differences));
            Flip(file, position);
        }

        Assert.Empty((await store.Store.Archives.InspectAsync(name, TestStore.Stop))!.Differences); // the control
        await store.AssertSoundAsync();
        Flip(file, length / 2);
        Assert.Contains(file, Assert.Single((await store.Ledger.VerifyAsync(TestStore.Stop)).Differences));
        using (FileStream cut = File.Open(file, FileMode.Open))
            cut.SetLength(length - 1);
        Assert.Contains("length", Assert.Single((await store.Store.Archives.InspectAsync(name, TestStore.Stop))!.Differences));
    }

    [Fact]
    public async Task The_archive_of_another_time_in_the_place_of_one_is_found()
    {
        await using var store = new TestStore(ArchiveFiles.Small);
        await ArchiveFiles.FillAsync(store, 4);
        List<ArchiveEntry> archives = await ArchiveFiles.ArchiveAsync(store.Store, store, hoursAgo: 1);
        File.Copy(ArchiveFiles.Of(store)[0], ArchiveFiles.Of(store)[1], overwrite: true);
        ArchiveInspection? inspection = await store.Store.Archives.InspectAsync(archives[1].FileName, TestStore.Stop);
        Assert.Contains("SHA-256", Assert.Single(inspection!.Differences));
        Assert.Contains(archives[1].FileName, Assert.Single((await store.Ledger.VerifyAsync(TestStore.Stop)).Differences));
    }

    [Theory]
    [InlineData("UPDATE hour_total SET records = records + 1 WHERE hour = (SELECT min(hour) FROM hour_total)", "but the records give")]
    [InlineData("UPDATE archived_total SET quantity = zeroblob(16) WHERE hour = (SELECT min(hour) FROM archived_total)", "but the records give")]
    [InlineData("DELETE FROM archived_total WHERE hour = (SELECT min(hour) FROM archived_total)", "its totals in the ledger")]
    [InlineData("UPDATE archive SET records = records - 1 WHERE number = 1", "its totals in the ledger")]
    [InlineData("UPDATE batch SET records = records + 1 WHERE number = 3", "its totals in the ledger")]
    [InlineData("DELETE FROM archived_total WHERE archive = 2; DELETE FROM archive WHERE number = 2", "but the one before")]
    [InlineData("UPDATE batch SET body = substr(body, -4) WHERE number = (SELECT max(number) FROM batch)", "but the records give")]
    [InlineData("SELECT 1", null)] // the control
    public async Task What_is_tampered_with_is_found_with_and_without_the_files(string sql, string? difference)
    {
        await using var store = new TestStore(ArchiveFiles.Small);
        await ArchiveFiles.FillAsync(store, 5);
        Assert.True((await ArchiveFiles.ArchiveAsync(store.Store, store, hoursAgo: 2)).Count > 2);
        await store.Store.ChangeAsync(database => database.Execute(sql));
        for (int look = 0; look < 2; look++)
        {
            LedgerVerification verification = await store.Ledger.VerifyAsync(TestStore.Stop);
            if (difference is null)
                Assert.Empty(verification.Differences);
            else
                Assert.Contains(verification.Differences, found => found.Contains(difference, StringComparison.Ordinal));
            Assert.Equal(look > 0, verification.AbsentArchives.Count > 0);
            if (look == 0)
                Directory.Move(ArchiveFiles.FolderOf(store.Path), ArchiveFiles.FolderOf(store.Path) + "-elsewhere");
        }
    }

    [Theory]
    [InlineData("bytes = bytes + 1")]
    [InlineData("first_accepted_unix_nanoseconds = 0")]
    [InlineData("last_accepted_unix_nanoseconds = last_accepted_unix_nanoseconds + 1")]
    public async Task What_the_ledger_notes_of_an_archive_is_compared_with_the_file(string change)
    {
        await using TestStore store = await ArchivedAsync();
        await store.Store.ChangeAsync(database => database.Execute($"UPDATE archive SET {change} WHERE number = 2"));
        Assert.Contains("What the ledger notes of the archive", Assert.Single((await store.Ledger.VerifyAsync(TestStore.Stop)).Differences));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_batch_that_is_missing_is_found_even_with_its_totals(int sku)
    {
        await using var store = new TestStore();
        for (int number = 1; number <= 4; number++)
            await store.WriteAsync(new RecordSpec(number, Sku: number));
        await store.CloseAsync();
        store.Edit($"DELETE FROM batch WHERE number = {sku}; DELETE FROM hour_total WHERE sku = {sku}");
        Assert.Contains($"Batch {sku} is damaged: it is missing: the next is batch {sku + 1}", Assert.Single((await store.Ledger.VerifyAsync(TestStore.Stop)).Differences));
    }

    [Fact]
    public async Task A_ledger_that_cannot_be_read_refuses_the_archive_in_words()
    {
        await using var store = new TestStore();
        await ArchiveFiles.FillAsync(store, 2);
        await store.Store.ChangeAsync(database => database.Execute("DROP TABLE archive"));
        foreach (bool isDryRun in (bool[])[true, false])
        {
            ArchiveAnswer answer = await store.Store.Archives.CreateAsync(new ArchiveOrder(ArchiveFiles.Moment(store, 1), isDryRun), TestStore.Stop);
            Assert.Equal(ArchiveOutcome.Failed, answer.Outcome);
            Assert.Contains(store.Path, answer.Reason);
        }
    }

    [Fact]
    public async Task Who_finds_a_run_of_archived_records_damaged_is_told_that_its_archives_are_needed()
    {
        await using TestStore store = await ArchivedAsync();
        _ = store.Store; // opened first, so that nothing but the verification reads the run
        string[] runs = IndexFiles.Of(store.Path);
        Flip(runs[0], RunHeader.Bytes + 5);
        string difference = Assert.Single((await store.Ledger.VerifyAsync(TestStore.Stop)).Differences);
        Assert.Contains(runs[0], difference);
        Assert.Contains("archives", difference);
    }

    [Fact]
    public async Task An_index_that_is_lost_is_made_again_from_the_archives_which_may_leave_then()
    {
        await using TestStore store = await ArchivedAsync();
        Directory.Delete(store.Path + ".index", recursive: true);
        await ArchiveFiles.AssertWholeAsync(store.Store, store, 600);
        await store.CloseAsync();
        Directory.Move(ArchiveFiles.FolderOf(store.Path), ArchiveFiles.FolderOf(store.Path) + "-elsewhere");
        await AssertDuplicatesAsync(store);
        Assert.NotEmpty((await store.Ledger.VerifyAsync(TestStore.Stop)).AbsentArchives);
    }

    [Fact]
    public async Task Any_run_that_is_lost_is_made_again_from_the_archives()
    {
        await using TestStore store = await ArchivedAsync();
        for (int lost = 0; lost < IndexFiles.Of(store.Path).Length; lost++)
        {
            File.Delete(IndexFiles.Of(store.Path)[lost]);
            await ArchiveFiles.AssertWholeAsync(store.Store, store, 600);
            await store.CloseAsync();
        }
    }

    [Theory]
    [InlineData("gone")]
    [InlineData("damaged")]
    [InlineData("whole")] // the control
    public async Task Without_the_archives_a_lost_index_keeps_the_server_from_starting_and_they_are_named(string archives)
    {
        await using TestStore store = await ArchivedAsync();
        string[] files = ArchiveFiles.Of(store);
        string folder = ArchiveFiles.FolderOf(store.Path), elsewhere = folder + "-elsewhere";
        string lost = IndexFiles.Of(store.Path)[0], damaged = IndexFiles.Of(store.Path)[1];
        File.Delete(lost);
        Flip(damaged, 20);
        Directory.CreateDirectory(elsewhere);
        foreach (string file in files)
            File.Copy(file, Path.Combine(elsewhere, Path.GetFileName(file)));
        if (archives == "gone")
            Directory.Delete(folder, recursive: true);
        if (archives == "damaged")
            Array.ForEach(files, file => Flip(file, 400));

        if (archives != "whole")
        {
            string message = Assert.Throws<StoreException>(() => store.Store).Message;
            Assert.Contains(files[0], message);
            Assert.DoesNotContain(files[^1], message); // whose uuids are in runs that are there
            Assert.True(File.Exists(damaged));
            Directory.CreateDirectory(folder);
            Array.ForEach(files, file => File.Copy(Path.Combine(elsewhere, Path.GetFileName(file)), file, overwrite: true));
        }

        await ArchiveFiles.AssertWholeAsync(store.Store, store, 600);
    }

    [Fact]
    public async Task A_chunk_of_an_archived_run_that_is_damaged_while_serving_is_made_again_from_the_archives()
    {
        await using TestStore store = await ArchivedAsync();
        foreach (string file in IndexFiles.Of(store.Path))
            Flip(file, RunHeader.Bytes + 5);
        for (int start = 0; start < 100; start++)
        {
            for (int id = 1; id <= 600 && !store.Ledger.Failure.IsCompleted; id++)
            {
                UsageWrite write = store.Request([id]);
                if (await store.Ledger.WriteAsync(write) == LedgerAnswer.Committed)
                    Assert.Equal(Verdict.Duplicate, write.Records[0].Verdict);
            }

            if (!store.Ledger.Failure.IsCompleted)
                break;
            await store.RestartAsync();
        }

        await ArchiveFiles.AssertWholeAsync(store.Store, store, 600);
        Assert.DoesNotContain(IndexFiles.Of(store.Path), file => file.EndsWith(".damaged", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_ledger_restored_from_before_its_archives_leaves_their_files_alone()
    {
        await using var store = new TestStore(ArchiveFiles.Small);
        await ArchiveFiles.FillAsync(store, 3);
        await store.CloseAsync();
        File.Copy(store.Path, store.Path + "-older");
        await ArchiveFiles.FillAsync(store, 3, first: 301);
        await ArchiveFiles.ArchiveAsync(store.Store, store, hoursAgo: 0.5);
        await store.CloseAsync();
        Dictionary<string, byte[]> files = ArchiveFiles.Of(store).ToDictionary(file => file, File.ReadAllBytes);

        // It goes on otherwise, so that batches of the same numbers hold other records.
        File.Copy(store.Path + "-older", store.Path, overwrite: true);
        store.Time.Advance(TimeSpan.FromHours(10));
        await ArchiveFiles.FillAsync(store, 3, first: 301);
        await ArchiveFiles.ArchiveAsync(store.Store, store, hoursAgo: 0.5);
        await ArchiveFiles.AssertWholeAsync(store.Store, store, 600);
        Assert.All(files, file => Assert.Equal(file.Value, File.ReadAllBytes(file.Key)));
    }

    [Fact]
    public async Task A_full_disk_refuses_the_archive_and_loses_nothing()
    {
        await using var store = new TestStore(options => ArchiveFiles.Small(options) with { FreeDiskBytes = 1_000_000 });
        await ArchiveFiles.FillAsync(store, 3);
        store.Store.Disk.Measure = () => 1_000_500; // enough for records, not for the file
        ArchiveAnswer answer = await store.Store.Archives.CreateAsync(new ArchiveOrder(ArchiveFiles.Moment(store, 1)), TestStore.Stop);
        Assert.Equal(ArchiveOutcome.StorageFull, answer.Outcome);
        Assert.Contains("no room", answer.Reason);
        Assert.Empty(ArchiveFiles.Of(store));
        Assert.Equal(300, (await store.RecordsAsync()).Count);
        store.Store.Disk.Measure = () => 2_000_000;
        Assert.NotEmpty(await ArchiveFiles.ArchiveAsync(store.Store, store, hoursAgo: 1));
        await ArchiveFiles.AssertWholeAsync(store.Store, store, 300);
    }

    [Fact]
    public async Task Who_gives_up_before_the_archive_is_noted_changes_nothing()
    {
        using var giveUp = new CancellationTokenSource();
        await using var store = new TestStore(options => options with
        {
            ArchiveStepReached = step =>
            {
                if (step == ArchiveStep.Sealed)
                    giveUp.Cancel();
            },
        });
        await ArchiveFiles.FillAsync(store, 3);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => store.Store.Archives.CreateAsync(new ArchiveOrder(ArchiveFiles.Moment(store, 1)), giveUp.Token));
        Assert.Equal(300, (await store.RecordsAsync()).Count);
        Assert.Single(await ArchiveFiles.ArchiveAsync(store.Store, store, hoursAgo: 1)); // the file that is there is taken
        Assert.Single(ArchiveFiles.Of(store));
        await ArchiveFiles.AssertWholeAsync(store.Store, store, 300);
    }

    [Fact]
    public async Task A_file_that_was_left_with_its_name_is_made_durable_before_it_is_noted()
    {
        var steps = new List<ArchiveStep>();
        using var giveUp = new CancellationTokenSource();
        await using var store = new TestStore(options => options with
        {
            ArchiveStepReached = step =>
            {
                steps.Add(step);
                if (step == ArchiveStep.Named)
                    giveUp.Cancel(); // its folder is not fsynced yet, and after a kill never was
            },
        });
        await ArchiveFiles.FillAsync(store, 3);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => store.Store.Archives.CreateAsync(new ArchiveOrder(ArchiveFiles.Moment(store, 1)), giveUp.Token));
        steps.Clear();
        await store.RestartAsync();
        Assert.Single(await ArchiveFiles.ArchiveAsync(store.Store, store, hoursAgo: 1));
        Assert.DoesNotContain(ArchiveStep.Written, steps); // it was taken
        Assert.Contains(ArchiveStep.Durable, steps.TakeWhile(step => step != ArchiveStep.Noted));
    }

    [Theory]
    [InlineData(ArchiveStep.Written)]
    [InlineData(ArchiveStep.Noted)]
    [InlineData(ArchiveStep.Dropped)]
    public async Task Closing_while_an_archive_is_made_waits_for_it_and_the_next_start_goes_on(object at)
    {
        TestStore? opened = null;
        Task closing = Task.CompletedTask;
        await using var store = new TestStore(options => ArchiveFiles.Small(options) with
        {
            ArchiveBytes = 1_000_000,
            ArchiveStepReached = step =>
            {
                if (step.Equals(at) && closing.IsCompleted)
                    closing = opened!.CloseAsync();
            },
        });
        opened = store;
        await ArchiveFiles.FillAsync(store, 3);
        SqliteStore closed = store.Store;
        Task<ArchiveAnswer> archiving = closed.Archives.CreateAsync(new ArchiveOrder(ArchiveFiles.Moment(store, 1)), TestStore.Stop);
        await Task.WhenAny(archiving);
        await closing;
        Assert.True(at is ArchiveStep.Written || !archiving.IsCanceled); // noted, it is carried to its end; before, it gives up if it hears in time
        Assert.Equal(archiving.IsCanceled ? 300 : 100, (await store.RecordsAsync()).Count);
        await ArchiveFiles.AssertWholeAsync(store.Store, store, 300);
    }

    private static async Task AssertDuplicatesAsync(TestStore store)
    {
        for (int id = 1; id <= 600; id++)
            Assert.Equal([Verdict.Duplicate], await store.VerdictsAsync(id));
        Assert.Empty((await store.Ledger.VerifyAsync(TestStore.Stop)).Differences);
    }

    private static async Task<TestStore> ArchivedAsync()
    {
        var store = new TestStore(options => ArchiveFiles.Small(options) with { IndexFanIn = 64 }); // nothing is merged: the files stay
        await ArchiveFiles.FillAsync(store, 6);
        await ArchiveFiles.ArchiveAsync(store.Store, store, hoursAgo: 2);
        await store.CloseAsync();
        Assert.True(IndexFiles.Of(store.Path).Length > 3);
        return store;
    }

    private static void Flip(string file, long position)
    {
        using FileStream stream = File.Open(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        stream.Position = position;
        int value = stream.ReadByte();
        stream.Position = position;
        stream.WriteByte((byte)(value ^ 0x10));
    }
}
