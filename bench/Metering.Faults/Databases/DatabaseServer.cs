using Metering.Bench.Places;
using Npgsql;

namespace Metering.Faults;

/// <summary>
/// A real PostgreSQL in a folder of its own, reached over a Unix socket alone and as durable as it is by default; it can be
/// crashed, frozen, given a standby and replaced by it.
/// </summary>
internal sealed class DatabaseServer : IAsyncDisposable
{
    /// <summary>The role, and its database.</summary>
    public const string User = "postgres";

    private const string StandbyName = "standby";

    private static readonly string? ProgramsFolder = PostgresPrograms.Find("initdb", "pg_ctl", "pg_basebackup");

    private readonly string _folder;
    private readonly string[] _settings;

    private DatabaseServer(string folder, string[] settings)
    {
        _folder = folder;
        _settings =
        [
            "listen_addresses=", $"unix_socket_directories={folder}", "max_connections=200", "shared_buffers=64MB", "max_wal_size=4GB",
            "wal_keep_size=1GB",
            .. settings,
        ];
    }

    /// <summary>The folder of its socket.</summary>
    public string Host => _folder;

    /// <summary>Path of its socket.</summary>
    public string SocketPath => Path.Combine(_folder, ".s.PGSQL.5432");

    /// <summary>How it is reached, without an end: more can be added.</summary>
    public string Connection => $"Host={_folder};Username={User};Database={User}";

    private string Data => Path.Combine(_folder, "data");

    private string LogFile => Path.Combine(_folder, "log");

    /// <summary>Makes and starts one.</summary>
    /// <param name="folder">Its folder, which is made; the path has to be short, since sockets are in it.</param>
    /// <param name="settings">Settings beside the defaults, as <c>name=value</c>.</param>
    public static async Task<DatabaseServer> CreateAsync(string folder, params string[] settings)
    {
        var server = new DatabaseServer(folder, settings);
        await server.MakeFolderAsync();
        await server.RunAsync("initdb", "-D", server.Data, "-U", User, "-A", "trust", "--no-instructions", "--no-sync");
        await server.StartAsync();
        return server;
    }

    /// <summary>Makes a standby, starts it and waits until it follows.</summary>
    /// <param name="folder">Its folder, which is made, or made anew.</param>
    /// <param name="isSynchronous">Every commit waits for it from then on, and for the standby that the standby itself will have.</param>
    public async Task<DatabaseServer> CreateStandbyAsync(string folder, bool isSynchronous)
    {
        var standby = new DatabaseServer(folder, []);
        await standby.MakeFolderAsync();
        await standby.RunAsync("pg_basebackup", "-h", _folder, "-U", User, "-D", standby.Data, "-R", "-c", "fast", "--no-sync");
        await File.AppendAllLinesAsync(
            Path.Combine(standby.Data, "postgresql.auto.conf"),
            [
                $"primary_conninfo = 'host={_folder} user={User} application_name={StandbyName}'",
                $"synchronous_standby_names = '{(isSynchronous ? StandbyName : "")}'",
            ]);
        await standby.StartAsync();
        if (isSynchronous)
            await ExecuteAsync($"ALTER SYSTEM SET synchronous_standby_names = '{StandbyName}'", "SELECT pg_reload_conf()");
        string wanted = isSynchronous ? "sync" : "async";
        await Waiting.UntilAsync(
            $"a standby that is {wanted}",
            async () => await QueryAsync<long>($"SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = '{wanted}'") == 1);
        return standby;
    }

    /// <summary>Runs statements, each for itself.</summary>
    public async Task ExecuteAsync(params string[] statements)
    {
        await using NpgsqlConnection connection = await OpenAsync();
        foreach (string statement in statements)
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    /// <summary>Asks for one value.</summary>
    public async Task<T> QueryAsync<T>(string sql)
    {
        await using NpgsqlConnection connection = await OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>A connection of its own, which the caller disposes of.</summary>
    public async Task<NpgsqlConnection> OpenAsync()
    {
        var connection = new NpgsqlConnection(Connection + ";Pooling=false");
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>Crashes it and starts it again: nothing is written any more, connections break, what is left is recovered.</summary>
    public Task RestartAtOnceAsync() => ControlAsync(["-m", "immediate", "-l", LogFile, "-o", Settings, "restart"]);

    /// <summary>Makes it stand still, all processes at once, for ever: connections to it are made, and nothing is answered.</summary>
    public async Task FreezeAsync()
    {
        await Signals.SendAsync("-STOP", ProcessId);
        await Signals.SendAsync("-STOP", Signals.ChildrenOf(ProcessId));
    }

    /// <summary>Makes what sends its log to the standby stand still: nothing that is written from now on gets there.</summary>
    public async Task FreezeReplicationAsync() =>
        await Signals.SendAsync("-STOP", await QueryAsync<int>("SELECT pid FROM pg_stat_replication"));

    /// <summary>Cancels the waits for the standby of all commits that wait now, as an impatient administrator would.</summary>
    /// <returns>How many.</returns>
    public Task<long> CancelReplicationWaitsAsync() =>
        QueryAsync<long>("SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");

    /// <summary>Lets commits go without a standby from now on.</summary>
    public Task WaitForNoStandbyAsync() => ExecuteAsync("ALTER SYSTEM SET synchronous_standby_names = ''", "SELECT pg_reload_conf()");

    /// <summary>Makes a standby the primary.</summary>
    public Task PromoteAsync() => ControlAsync(["-w", "promote"]);

    /// <summary>kill -9, all processes, frozen or not.</summary>
    public async Task KillAsync()
    {
        int[] all = [ProcessId, .. Signals.ChildrenOf(ProcessId)];
        string segment = (await File.ReadAllLinesAsync(Path.Combine(Data, "postmaster.pid")))[6].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        await Signals.SendAsync("-KILL", all);
        await Waiting.UntilAsync("the end of a killed database", () => Task.FromResult(!Array.Exists(all, Signals.IsAlive)));
        await Programs.RunAsync("ipcrm", ["-m", segment]); // the shared memory that it had no time to give back
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Lines of its log that hold some words.</summary>
    public IReadOnlyList<string> LogLinesWith(string words) => [.. File.ReadLines(LogFile).Where(line => line.Contains(words, StringComparison.Ordinal))];

    public async ValueTask DisposeAsync()
    {
        if (File.Exists(Path.Combine(Data, "postmaster.pid")))
            await KillAsync();
        else if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }

    private int ProcessId => int.Parse(File.ReadLines(Path.Combine(Data, "postmaster.pid")).First());

    private string Settings => string.Join(' ', _settings.Select(setting => $"-c {setting}"));

    private Task StartAsync() => ControlAsync(["-l", LogFile, "-w", "-o", Settings, "start"]);

    private Task ControlAsync(string[] arguments) => RunAsync("pg_ctl", ["-D", Data, "-t", "120", .. arguments]);

    private async Task MakeFolderAsync()
    {
        Directory.CreateDirectory(_folder);
        if (Environment.IsPrivilegedProcess)
            (await Programs.RunAsync("chown", [User, Path.GetDirectoryName(_folder)!, _folder])).Succeeded();
    }

    // As user postgres when this is root, whom PostgreSQL refuses. Nothing is read from the programs: a server that pg_ctl
    // starts keeps the pipes of its parent, so they would never end.
    private async Task RunAsync(string program, params string[] arguments)
    {
        string folder = ProgramsFolder ?? throw new FaultsException(
            "This scenario starts a PostgreSQL of its own, and none is installed here. Debian: apt install postgresql-15.");
        string[] line = [Path.Combine(folder, program), .. arguments];
        if (Environment.IsPrivilegedProcess)
            line = ["runuser", "-u", User, "--", .. line];
        string said = Path.Combine(_folder, "said");
        Finished finished = await Programs.RunAsync(
            "/bin/sh", ["-c", "out=$1; shift; exec \"$@\" >\"$out\" 2>&1 </dev/null", "sh", said, .. line], folder: "/");
        if (finished.ExitCode != 0)
            throw new FaultsException($"{string.Join(' ', line)} ended with exit code {finished.ExitCode}. {await File.ReadAllTextAsync(said)}");
    }
}
