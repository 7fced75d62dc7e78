using System.Security.Cryptography;
using SQLitePCL;

namespace Metering.Bench;

/// <summary>
/// The plain way to deduplicate in one file: a row a record, the uuid its primary key; WAL, synchronous=FULL, many rows a
/// transaction. The table is filled before its first turn and keeps growing.
/// </summary>
internal sealed class SqliteContender(BenchOptions options, WorkFolder folder, TimeProvider time) : IContender
{
    private const int RowsEachTransaction = 2_500;
    private const int UuidBytes = 16;

    private readonly byte[] _uuids = new byte[RowsEachTransaction * UuidBytes];
    private sqlite3? _database;
    private sqlite3_stmt? _insert;

    public IReadOnlyList<string> Names => [Parts.Sqlite];

    public string Describe(string name) => $"SQLite, a row a record, uuid its key; {RowsEachTransaction:N0} rows a transaction";

    public Task PrepareAsync(CancellationToken stop)
    {
        Batteries_V2.Init();
        Check(raw.sqlite3_open(Path.Combine(folder.Make(Parts.Sqlite), "usage.db"), out _database));
        foreach (string statement in new[]
        {
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=FULL",
            "PRAGMA cache_size=-262144", // 256 MiB
            "CREATE TABLE usage (uuid BLOB PRIMARY KEY, owner INTEGER, sku INTEGER, quantity INTEGER, at INTEGER) STRICT, WITHOUT ROWID",
        })
        {
            Check(raw.sqlite3_exec(_database, statement));
        }

        Check(raw.sqlite3_prepare_v2(_database, "INSERT INTO usage VALUES (?, 1, ?, ?, ?) ON CONFLICT DO NOTHING", out _insert));
        for (int rows = 0; rows < options.TableRows && !stop.IsCancellationRequested; rows += RowsEachTransaction)
            InsertTransaction();
        return Task.CompletedTask;
    }

    public Task<IReadOnlyDictionary<string, Turn>> TakeTurnsAsync(bool isLast, CancellationToken stop)
    {
        long start = time.GetTimestamp(), rows = 0;
        double seconds = 0;
        for (; seconds < options.OtherSeconds; seconds = time.GetElapsedTime(start).TotalSeconds)
        {
            stop.ThrowIfCancellationRequested();
            InsertTransaction();
            rows += RowsEachTransaction;
        }

        return Task.FromResult(Parts.Only(Parts.Sqlite, new Turn(rows / seconds) { Records = rows }));
    }

    public ValueTask DisposeAsync()
    {
        _insert?.Dispose();
        _database?.Dispose();
        return ValueTask.CompletedTask;
    }

    private void InsertTransaction()
    {
        RandomNumberGenerator.Fill(_uuids);
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        Check(raw.sqlite3_exec(_database, "BEGIN IMMEDIATE"));
        for (int row = 0; row < RowsEachTransaction; row++)
        {
            Check(raw.sqlite3_bind_blob(_insert, 1, _uuids.AsSpan(row * UuidBytes, UuidBytes)));
            Check(raw.sqlite3_bind_int64(_insert, 2, row % 10));
            Check(raw.sqlite3_bind_int64(_insert, 3, 1 + (row % 100)));
            Check(raw.sqlite3_bind_int64(_insert, 4, now));
            Check(raw.sqlite3_step(_insert));
            Check(raw.sqlite3_reset(_insert));
        }

        Check(raw.sqlite3_exec(_database, "COMMIT"));
    }

    private void Check(int code)
    {
        if (code is not (raw.SQLITE_OK or raw.SQLITE_DONE or raw.SQLITE_ROW))
            throw new BenchException($"{Parts.Sqlite}: {raw.sqlite3_errmsg(_database).utf8_to_string()} ({code})");
    }
}
