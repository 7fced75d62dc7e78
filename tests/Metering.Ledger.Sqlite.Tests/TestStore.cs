using System.Text.RegularExpressions;

namespace Metering.Ledger.Sqlite.Tests;

/// <summary>An embedded store in a directory of its own, with what only it has: its options, its file, its writer's thread.</summary>
internal sealed class TestStore : TestLedger, IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("metering-sqlite-");
    private readonly Func<SqliteStoreOptions, SqliteStoreOptions> _configure;
    private SqliteStore? _store;

    public TestStore(Func<SqliteStoreOptions, SqliteStoreOptions>? configure = null) => _configure = configure ?? (options => options);

    public override ManualTime Time { get; } = new();

    public string Path => System.IO.Path.Combine(_directory.FullName, "ledger.db");

    public SqliteStoreOptions Options => _configure(new SqliteStoreOptions(Path));

    public SqliteStore Store => _store ??= SqliteStore.Open(Options, Time);

    public override ILedger Ledger => Store.Ledger;

    public async Task CloseAsync()
    {
        if (_store is not null)
            await _store.DisposeAsync();
        _store = null;
    }

    public async Task<SqliteStore> RestartAsync()
    {
        await CloseAsync();
        return Store;
    }

    /// <summary>Changes the file behind the store's back, while it is closed.</summary>
    public void Edit(string sql)
    {
        using Database database = Database.OpenForWriting(Path);
        database.Execute(sql);
        if (database.QueryText("PRAGMA journal_mode") == "wal")
            database.Checkpoint(SQLitePCL.raw.SQLITE_CHECKPOINT_TRUNCATE);
    }

    /// <summary>Takes back every later step of the schema, while the file is closed: what a program of that version left.</summary>
    public void TakeBackTo(int version)
    {
        IEnumerable<string> tables = Schema.Migrations.Where(step => step.Version > version)
            .SelectMany(step => Regex.Matches(step.Sql, @"CREATE TABLE (\w+)")).Select(table => $"DROP TABLE {table.Groups[1].Value};");
        Edit($"{string.Concat(tables)} DELETE FROM schema_step WHERE version > {version}; PRAGMA user_version = {version};");
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _directory.Delete(recursive: true);
    }
}
