using System.Text;

namespace Metering.Ledger.Sqlite.Tests;

public sealed class OpeningTests
{
    [Fact]
    public async Task A_new_file_is_made_for_its_owner_only()
    {
        await using var store = new TestStore();
        Assert.Equal((0, Schema.Migrations[^1].Version), (store.Store.Opening.FoundSchemaVersion, store.Store.Opening.SchemaVersion));
        await store.WriteAsync(1);
        if (OperatingSystem.IsWindows())
            return;
        foreach (string suffix in new[] { "", "-wal", "-shm", ".lock" })
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(store.Path + suffix));
    }

    [Fact]
    public async Task Every_commit_is_fsynced_and_checkpoints_are_never_the_writers()
    {
        await using var store = new TestStore();
        await store.Store.ChangeAsync(database =>
        {
            Assert.Equal("wal", database.QueryText("PRAGMA journal_mode"));
            Assert.Equal(2, database.QueryNumber("PRAGMA synchronous"));
            Assert.Equal(0, database.QueryNumber("PRAGMA wal_autocheckpoint"));
        });
    }

    [Fact]
    public async Task Every_table_is_strict()
    {
        await using var store = new TestStore();
        await store.Store.ChangeAsync(database =>
            Assert.Equal(0, database.QueryNumber("SELECT count(*) FROM pragma_table_list WHERE strict = 0 AND name NOT LIKE 'sqlite_%'")));
    }

    [Fact]
    public async Task A_restart_finds_the_records_and_the_schema()
    {
        await using var store = new TestStore();
        for (int id = 1; id < 200; id += 20)
            await store.WriteAsync([.. Enumerable.Range(id, 20).Select(number => (RecordSpec)number)]);
        await store.RestartAsync();
        Assert.Equal((Schema.Migrations[^1].Version, 200), (store.Store.Opening.FoundSchemaVersion, store.Store.Opening.Records));
    }

    [Fact]
    public async Task A_file_of_an_older_schema_is_migrated_step_by_step_with_its_records()
    {
        await using var store = new TestStore();
        await store.WriteAsync(1);
        await store.CloseAsync();
        int version = Schema.Migrations[^1].Version;
        Migration[] later =
        [
            .. Schema.Migrations,
            new(version + 1, "CREATE TABLE later(a INTEGER) STRICT; INSERT INTO later VALUES(40);"),
            new(version + 2, "ALTER TABLE later ADD COLUMN b INTEGER; UPDATE later SET b = a + 2;"),
        ];
        await using SqliteStore migrated = SqliteStore.Open(store.Options, store.Time, later);
        Assert.Equal((version, version + 2), (migrated.Opening.FoundSchemaVersion, migrated.Opening.SchemaVersion));
        await migrated.ChangeAsync(database => Assert.Equal(42, database.QueryNumber("SELECT b FROM later")));
        Assert.Equal(LedgerAnswer.Committed, await migrated.Ledger.WriteAsync(store.Request([1])));
        Assert.Single(await migrated.Ledger.ReadRecordsAsync(TestStore.Stop).ToListAsync(TestStore.Stop));
    }

    [Fact]
    public async Task A_step_that_fails_leaves_the_file_as_it_was()
    {
        await using var store = new TestStore();
        await store.WriteAsync(1);
        await store.CloseAsync();
        int version = Schema.Migrations[^1].Version;
        Migration[] broken = [.. Schema.Migrations, new(version + 1, "CREATE TABLE later(a INTEGER) STRICT; INSERT INTO nowhere VALUES(1);")];
        Assert.Throws<StoreException>(() => SqliteStore.Open(store.Options, store.Time, broken));
        Assert.Equal(version, store.Store.Opening.FoundSchemaVersion);
        await store.Store.ChangeAsync(database => Assert.Equal(0, database.QueryNumber("SELECT count(*) FROM sqlite_schema WHERE name = 'later'")));
        await store.AssertSoundAsync();
    }

    [Fact]
    public async Task A_newer_schema_is_refused_and_the_program_it_needs_is_named()
    {
        await using var store = new TestStore();
        await store.WriteAsync(1);
        await store.CloseAsync();
        store.Edit("INSERT INTO schema_step VALUES(99, '7.8.9'); PRAGMA user_version = 99;");
        string message = Assert.Throws<StoreException>(() => store.Store).Message;
        Assert.Contains("schema version 99", message);
        Assert.Contains("7.8.9", message);
    }

    [Fact]
    public async Task A_file_that_is_not_a_ledger_is_refused_and_left_alone()
    {
        await using var store = new TestStore();
        byte[] text = Encoding.UTF8.GetBytes(string.Join('\n', Enumerable.Repeat("not a database at all", 100)));
        await File.WriteAllBytesAsync(store.Path, text, TestStore.Stop);
        Assert.Contains("not a ledger", Assert.Throws<StoreException>(() => store.Store).Message);
        Assert.Equal(text, await File.ReadAllBytesAsync(store.Path, TestStore.Stop));

        File.Delete(store.Path);
        await File.WriteAllBytesAsync(store.Path, [], TestStore.Stop);
        store.Edit("CREATE TABLE notes(text TEXT)");
        byte[] database = await File.ReadAllBytesAsync(store.Path, TestStore.Stop);
        Assert.Contains("not a ledger", Assert.Throws<StoreException>(() => store.Store).Message);
        Assert.Equal(database, await File.ReadAllBytesAsync(store.Path, TestStore.Stop));
    }

    [Fact]
    public async Task A_second_server_is_refused_until_the_first_is_gone()
    {
        await using var store = new TestStore();
        await store.WriteAsync(1);
        Assert.Contains("another server", Assert.Throws<StoreException>(() => SqliteStore.Open(store.Options, store.Time)).Message);
        Assert.Equal(LedgerAnswer.Committed, await store.WriteAsync(2));
        await store.CloseAsync();
        await using SqliteStore second = SqliteStore.Open(store.Options, store.Time);
        Assert.Equal(2, second.Opening.Records);
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_named()
    {
        string missing = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N"), "ledger.db");
        string message = Assert.Throws<StoreException>(() => SqliteStore.Open(new SqliteStoreOptions(missing), TimeProvider.System)).Message;
        Assert.Contains(missing, message);
        Assert.Contains("cannot be written", message);
        if (!OperatingSystem.IsLinux())
            return;
        message = Assert.Throws<StoreException>(() => SqliteStore.Open(new SqliteStoreOptions("/proc/ledger.db"), TimeProvider.System)).Message;
        Assert.Contains("/proc/ledger.db cannot be written", message);
    }

    [Fact]
    public async Task A_file_whose_pages_are_damaged_is_refused()
    {
        await using var store = new TestStore();
        for (int id = 1; id < 500; id += 20)
            await store.WriteAsync([.. Enumerable.Range(id, 20).Select(number => (RecordSpec)number)]);
        await store.CloseAsync();
        byte[] bytes = await File.ReadAllBytesAsync(store.Path, TestStore.Stop);
        Array.Fill(bytes, (byte)0x5A, 4096, 4096 * 4);
        await File.WriteAllBytesAsync(store.Path, bytes, TestStore.Stop);
        Assert.Contains("damaged", Assert.Throws<StoreException>(() => store.Store).Message);
    }

    [Fact]
    public void Options_out_of_range_are_reported_together()
    {
        var options = new SqliteStoreOptions(" ") { QueueRequests = 0, GroupRequests = 5, FreeDiskBytes = -1, CheckpointBytes = 0, CheckpointIdle = TimeSpan.Zero };
        string message = Assert.Throws<StoreException>(() => SqliteStore.Open(options, TimeProvider.System)).Message;
        foreach (string fault in new[] { "path", "queue", "group", "free space", "thresholds", "times" })
            Assert.Contains(fault, message);
    }
}
