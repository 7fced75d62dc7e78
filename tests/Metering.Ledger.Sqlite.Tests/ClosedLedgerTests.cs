using System.Security.Cryptography;

namespace Metering.Ledger.Sqlite.Tests;

/// <summary>A ledger that no server has open is verified as it is: nothing changes, and what keeps it from being opened is told.</summary>
public sealed class ClosedLedgerTests
{
    [Theory]
    [InlineData("as it was closed")]
    [InlineData("as a crash left it")]
    [InlineData("the file alone")]
    [InlineData("in a folder with odd # 100% ? names")]
    public async Task A_sound_ledger_verifies_and_not_a_byte_of_its_folder_changes(string state)
    {
        await using TestStore store = await FilledAsync(options => options with { CheckpointIdle = TimeSpan.FromHours(1) });
        string folder = Path.Combine(Path.GetDirectoryName(store.Path)!, state);
        Directory.CreateDirectory(folder);
        string copy = Path.Combine(folder, "ledger.db");
        if (state != "as a crash left it")
            await store.CloseAsync();
        if (state == "the file alone")
            File.Copy(store.Path, copy);
        else
            ArchiveFiles.Copy(store.Path, folder);
        Assert.Equal(state == "as a crash left it", StoreFile.LogBytes(copy) > 0);

        string before = ContentOf(folder);
        LedgerVerification verification = Verify(copy);
        Assert.Empty(verification.Differences);
        Assert.Equal(400, verification.Records);
        Assert.Equal(before, ContentOf(folder));
    }

    [Fact]
    public async Task A_ledger_with_archives_is_verified_with_them_and_without()
    {
        await using TestStore store = await FilledAsync(archivedHoursAgo: 2);
        await store.CloseAsync();
        Assert.Equal((400, 0, 0), Counts(Verify(store.Path)));
        string away = ArchiveFiles.Of(store)[0];
        File.Move(away, store.Path + ".away");
        LedgerVerification without = Verify(store.Path);
        Assert.Empty(without.Differences);
        Assert.Equal([Path.GetFileName(away)], without.AbsentArchives);
        Assert.InRange(without.Records, 1, 399);

        // Now a server could not start: the index is gone, and part of what it is made from.
        Directory.Delete(store.Path + ".index", recursive: true);
        Assert.Contains(Verify(store.Path).Differences, difference => difference.Contains("cannot be served: a part of its index is missing", StringComparison.Ordinal));
        Assert.Throws<StoreException>(() => store.Store);
    }

    [Fact]
    public async Task A_ledger_that_a_server_has_open_is_left_to_that_server_and_keeps_servers_out_meanwhile()
    {
        await using TestStore store = await FilledAsync();
        Assert.Contains("is in use by a running server", Assert.Throws<StoreException>(() => Verify(store.Path)).Message);
        await store.CloseAsync();
        bool isTried = false;
        var meanwhile = new Watched(progress =>
        {
            if (progress.Checking == "records" && !isTried)
                Assert.Contains("is locked", Assert.Throws<StoreException>(() => store.Store).Message);
            isTried |= progress.Checking == "records";
        });
        Assert.Empty(ClosedLedger.Verify(store.Options, meanwhile, TestStore.Stop).Differences);
        Assert.True(isTried);
        Assert.Equal([Verdict.Duplicate], await store.VerdictsAsync(1));
    }

    [Fact]
    public async Task A_server_that_starts_meanwhile_makes_the_result_void()
    {
        await using TestStore store = await FilledAsync();
        await store.CloseAsync();
        string copy = Path.Combine(Directory.CreateDirectory(store.Path + "-copy").FullName, "ledger.db");
        File.Copy(store.Path, copy); // without its lock
        var meanwhile = new Watched(_ => File.WriteAllBytes(StoreFile.LockOf(copy), []));
        StoreException fault = Assert.Throws<StoreException>(() => ClosedLedger.Verify(new SqliteStoreOptions(copy), meanwhile, TestStore.Stop));
        Assert.Contains("was started on", fault.Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(6)]
    public async Task A_ledger_of_an_older_program_is_verified_without_being_brought_up(int version)
    {
        await using TestStore store = await FilledAsync();
        await store.CloseAsync();
        store.TakeBackTo(version);
        string before = ContentOf(store.Path);
        Assert.Equal((400, 0, 0), Counts(Verify(store.Path)));
        Assert.Equal(before, ContentOf(store.Path));
        store.Edit("DELETE FROM batch WHERE number = 2"); // the control
        Assert.Contains(Verify(store.Path).Differences, difference => difference.StartsWith("Batch 2 is damaged: it is missing", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_ledger_of_a_newer_program_is_refused()
    {
        await using TestStore store = await FilledAsync();
        await store.CloseAsync();
        store.Edit("PRAGMA user_version = 1000");
        Assert.Contains("schema version 1000", Assert.Throws<StoreException>(() => Verify(store.Path)).Message);
    }

    [Theory]
    [InlineData("DELETE FROM clock", "No server opens this ledger: the clock is missing.")]
    [InlineData("DELETE FROM catalog_version", "No server opens this ledger: the version of the catalog is missing.")]
    [InlineData("DELETE FROM rejected_count", "No server opens this ledger: the count of rejected records is missing.")]
    [InlineData("DELETE FROM uuid_index", "the identity of its index is missing")]
    [InlineData("INSERT INTO catalog_object VALUES(9, 1, 'p', 0, '{')", "Object 9 of the catalog is damaged")]
    [InlineData("PRAGMA application_id = 1", "not marked as a ledger")]
    [InlineData("UPDATE batch SET body = CAST(substr(body, 1, 40) || x'A5' || substr(body, 42) AS BLOB) WHERE number = (SELECT max(number) FROM batch)",
        "No server opens this ledger: the uuids of a batch are in no file of its index")]
    [InlineData("UPDATE batch SET body = CAST(substr(body, 1, 40) || x'A5' || substr(body, 42) AS BLOB) WHERE number = 1", "Batch 1 is damaged: its checksum")]
    [InlineData("DROP TABLE hour_total", "the totals by the hour cannot be read (SQLite error 1: no such table: hour_total)")]
    [InlineData("DROP TABLE rejected_batch", "the rejected records cannot be read")]
    [InlineData("DROP TABLE archive", "the list of archives cannot be read")]
    public async Task What_keeps_a_ledger_from_being_opened_or_served_is_told(string sql, string expected)
    {
        await using TestStore store = await FilledAsync();
        await store.CloseAsync();
        store.Edit(sql);
        string before = ContentOf(store.Path);
        Assert.Contains(Verify(store.Path).Differences, difference => difference.Contains(expected, StringComparison.Ordinal));
        Assert.Equal(before, ContentOf(store.Path));
    }

    [Fact]
    public async Task Damage_to_any_page_of_the_file_is_found_or_changes_nothing_that_is_read()
    {
        await using TestStore store = await FilledAsync(archivedHoursAgo: 3);
        await store.CloseAsync();
        byte[] sound = await File.ReadAllBytesAsync(store.Path, TestStore.Stop);
        const int PageBytes = 4096;
        var random = new Random(11);
        int found = 0, pages = sound.Length / PageBytes;
        for (int page = 0; page < pages; page++)
        {
            byte[] damaged = [.. sound];
            random.NextBytes(damaged.AsSpan((page * PageBytes) + (page == 0 ? 100 : 0), 64)); // the head of the page's tree
            await File.WriteAllBytesAsync(store.Path, damaged, TestStore.Stop);
            string before = ContentOf(store.Path);
            found += Verify(store.Path).Differences.Count > 0 ? 1 : 0;
            Assert.Equal(before, ContentOf(store.Path));
        }

        Assert.InRange(found, pages / 2, pages); // the others are free, or hold no rows of any use
        await File.WriteAllBytesAsync(store.Path, sound, TestStore.Stop);
        Assert.Empty(Verify(store.Path).Differences);
    }

    [Fact]
    public async Task What_is_no_database_or_cut_off_is_told_and_not_thrown()
    {
        await using TestStore store = await FilledAsync();
        await store.CloseAsync();
        byte[] sound = await File.ReadAllBytesAsync(store.Path, TestStore.Stop);
        await File.WriteAllBytesAsync(store.Path, sound[..(sound.Length / 2)], TestStore.Stop);
        Assert.NotEmpty(Verify(store.Path).Differences);
        await File.WriteAllTextAsync(store.Path, new string('x', 10_000), TestStore.Stop);
        Assert.Contains("it is no SQLite database", Assert.Single(Verify(store.Path).Differences));
        await File.WriteAllBytesAsync(store.Path, [], TestStore.Stop);
        Assert.Contains("not marked as a ledger", Assert.Single(Verify(store.Path).Differences));
    }

    [Fact]
    public async Task A_verification_that_is_given_up_ends()
    {
        await using TestStore store = await FilledAsync();
        await store.CloseAsync();
        Assert.ThrowsAny<OperationCanceledException>(() => ClosedLedger.Verify(store.Options, null, new CancellationToken(canceled: true)));
        Assert.Equal([Verdict.Duplicate], await store.VerdictsAsync(1)); // and nothing stays locked
    }

    // Four hours of a hundred records, some rejected ones, days rolled up, an index with runs.
    private static async Task<TestStore> FilledAsync(Func<SqliteStoreOptions, SqliteStoreOptions>? configure = null, int? archivedHoursAgo = null)
    {
        var store = new TestStore(options => (configure ?? (same => same))(ArchiveFiles.Small(options)));
        await ArchiveFiles.FillAsync(store, 4);
        await store.Ledger.WriteAsync(RejectedSpec.Request(store, [new(RejectedSpec.UuidOf(5_000))]));
        await IndexFiles.WaitAsync(store, figures => figures.SealedUuids > 300);
        if (archivedHoursAgo is { } hours)
            Assert.NotEmpty(await ArchiveFiles.ArchiveAsync(store.Store, store, hours));
        store.Time.Advance(TimeSpan.FromDays(2));
        await store.Store.RollUpAsync(TestStore.Stop);
        return store;
    }

    private static LedgerVerification Verify(string path) => ClosedLedger.Verify(new SqliteStoreOptions(path), null, TestStore.Stop);

    private static (long Records, int Differences, int Absent) Counts(LedgerVerification verification) =>
        (verification.Records, verification.Differences.Count, verification.AbsentArchives.Count);

    /// <summary>Names, times and bytes of everything in a folder, or in that of a file.</summary>
    private static string ContentOf(string path) => string.Join('\n', Directory
        .EnumerateFiles(Directory.Exists(path) ? path : Path.GetDirectoryName(path)!, "*", SearchOption.AllDirectories)
        .Order(StringComparer.Ordinal)
        .Select(file => $"{file} {File.GetLastWriteTimeUtc(file):O} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))}"));

    private sealed class Watched(Action<VerificationProgress> watch) : IProgress<VerificationProgress>
    {
        public void Report(VerificationProgress value) => watch(value);
    }
}
