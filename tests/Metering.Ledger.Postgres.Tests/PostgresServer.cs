using System.Diagnostics;
using Metering.Bench.Places;
using Npgsql;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>A real PostgreSQL in a directory of its own, reached over a Unix socket alone; as durable as it is by default.</summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    private const string User = "postgres";

    private static string Programs => PostgresPrograms.Find("initdb", "pg_ctl") ?? throw new InvalidOperationException(
        "These tests start a PostgreSQL of their own, and none is installed here. Debian: apt install postgresql-15, or run ./test.sh, "
        + "which does it.");

    private static readonly SemaphoreSlim Starting = new(1);
    private static Task<PostgresServer>? s_shared;

    private readonly string _bin;
    private readonly string _folder;
    private readonly string _settings;
    private int _databases;

    private PostgresServer(string bin, string folder, string settings)
    {
        _bin = bin;
        _folder = folder;
        _settings = settings;
    }

    private string Data => Path.Combine(_folder, "data");

    /// <summary>The one that the tests share; stopped when the process ends.</summary>
    public static async Task<PostgresServer> SharedAsync()
    {
        await Starting.WaitAsync();
        try
        {
            s_shared ??= StartSharedAsync();
        }
        finally
        {
            Starting.Release();
        }

        return await s_shared;
    }

    /// <summary>Makes and starts one.</summary>
    /// <param name="settings">Settings beside the defaults, as <c>name=value</c>.</param>
    public static async Task<PostgresServer> StartAsync(params string[] settings)
    {
        string folder = Directory.CreateTempSubdirectory("metering-pg-").FullName; // paths of sockets have to be short
        string[] all = ["listen_addresses=", $"unix_socket_directories={folder}", "max_connections=200", "shared_buffers=64MB", .. settings];
        var server = new PostgresServer(Programs, folder, string.Join(' ', all.Select(setting => $"-c {setting}")));
        if (Environment.IsPrivilegedProcess)
            await RunAsync("chown", [User, folder]);
        await server.RunAsOwnerAsync("initdb", ["-D", server.Data, "-U", User, "-A", "trust", "--no-instructions", "--no-sync"]);
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Whether it is the one that the tests share.</summary>
    public bool IsShared { get; private set; }

    /// <summary>The folder of the socket.</summary>
    public string Host => _folder;

    /// <summary>The connection string of a database.</summary>
    public string Connection(string database = User) => $"Host={_folder};Username={User};Database={database}";

    /// <summary>Makes a database for one test class or test.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        string name = $"test{Interlocked.Increment(ref _databases)}";
        await ExecuteAsync($"CREATE DATABASE {name}");
        return name;
    }

    /// <summary>Runs statements.</summary>
    public async Task ExecuteAsync(string sql, string database = User)
    {
        await using var source = NpgsqlDataSource.Create(Connection(database) + ";Pooling=false");
        await using NpgsqlCommand command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Asks for one value.</summary>
    public async Task<T> QueryAsync<T>(string sql, string database = User)
    {
        await using var source = NpgsqlDataSource.Create(Connection(database) + ";Pooling=false");
        await using NpgsqlCommand command = source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Changes a setting while it runs.</summary>
    public async Task SetAsync(string name, string value)
    {
        await ExecuteAsync($"ALTER SYSTEM SET {name} = '{value}'");
        await ExecuteAsync("SELECT pg_reload_conf()");
        while (await QueryAsync<string>($"SELECT current_setting('{name}')") != value)
            await Task.Delay(10, TestLedger.Stop);
    }

    /// <summary>Demands a password of a role from now on.</summary>
    public async Task DemandPasswordAsync(string role, string password)
    {
        await ExecuteAsync($"CREATE ROLE {role} LOGIN PASSWORD '{password}'");
        string rules = Path.Combine(Data, "pg_hba.conf");
        await File.WriteAllTextAsync(rules, $"local all {role} scram-sha-256\n" + await File.ReadAllTextAsync(rules, TestLedger.Stop), TestLedger.Stop);
        await ExecuteAsync("SELECT pg_reload_conf()");
    }

    /// <summary>Starts it after it was stopped.</summary>
    public Task StartAgainAsync() => RunAsOwnerAsync("pg_ctl", ["-D", Data, "-l", Path.Combine(_folder, "log"), "-w", "-o", _settings, "start"]);

    /// <summary>Stops it as a crash does: nothing is written any more, connections break.</summary>
    public Task StopAtOnceAsync() => RunAsOwnerAsync("pg_ctl", ["-D", Data, "-m", "immediate", "-w", "stop"]);

    public async ValueTask DisposeAsync()
    {
        if (File.Exists(Path.Combine(Data, "postmaster.pid")))
            await StopAtOnceAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static async Task<PostgresServer> StartSharedAsync()
    {
        PostgresServer server = await StartAsync();
        server.IsShared = true;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => server.DisposeAsync().AsTask().Wait();
        return server;
    }

    private Task RunAsOwnerAsync(string program, string[] arguments)
    {
        string path = Path.Combine(_bin, program);
        return Environment.IsPrivilegedProcess ? RunAsync("runuser", ["-u", User, "--", path, .. arguments]) : RunAsync(path, arguments);
    }

    // A server that pg_ctl starts keeps the pipes of its parent: the output goes to files of its own, and is not waited for.
    private static async Task RunAsync(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "exec \"$0\" \"$@\" >/dev/null 2>&1 </dev/null", program, .. arguments])
        {
            WorkingDirectory = "/",
        })!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with exit code {process.ExitCode}.");
    }
}
