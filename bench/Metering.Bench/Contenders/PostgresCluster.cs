using Metering.Bench.Places;

namespace Metering.Bench;

/// <summary>A PostgreSQL of its own, reached over a Unix socket only; durable as by default, with room so that it need not pause.</summary>
internal sealed class PostgresCluster : IAsyncDisposable
{
    private const string User = "postgres";

    // Generous: no checkpoint and no vacuum falls into a turn; the durability of a commit is the default one, spelt out.
    private static readonly string[] Settings =
    [
        "synchronous_commit=on", "fsync=on", "full_page_writes=on", "shared_buffers=1GB", "max_wal_size=16GB", "min_wal_size=2GB",
        "checkpoint_timeout=1h", "autovacuum=off", "max_connections=64", "listen_addresses=",
    ];

    private readonly string _bin;
    private readonly string _data;
    private readonly string _socket;

    private PostgresCluster(string bin, string data, string socket)
    {
        _bin = bin;
        _data = data;
        _socket = socket;
    }

    /// <summary>Makes and starts a cluster in a folder; as user postgres when this is root, whom PostgreSQL refuses.</summary>
    /// <exception cref="BenchException">PostgreSQL is not installed, or does not start.</exception>
    public static async Task<PostgresCluster> StartAsync(string folder, CancellationToken stop)
    {
        string bin = PostgresPrograms.Find("initdb", "pgbench")
            ?? throw new BenchException(
                "PostgreSQL with pgbench is not installed here (Debian: apt install postgresql-15). Install it, or leave it out: "
                + $"--only {string.Join(',', Parts.All.Where(part => part is not (Parts.Postgres or Parts.ServerOnPostgres or Parts.NodesOnPostgres)))}");
        string socket = Directory.CreateTempSubdirectory("metering-pg-").FullName; // paths of sockets have to be short
        var cluster = new PostgresCluster(bin, Path.Combine(folder, "data"), socket);
        try
        {
            if (Environment.IsPrivilegedProcess)
                await OtherProgram.RunAsync("chown", [User, folder, socket], stop);
            await cluster.RunAsOwnerAsync("initdb", ["-D", cluster._data, "-U", User, "-A", "trust", "--no-instructions"], stop);
            string settings = string.Join(' ', Settings.Append($"unix_socket_directories={socket}").Select(setting => $"-c {setting}"));
            await cluster.RunAsOwnerAsync("pg_ctl", ["-D", cluster._data, "-l", Path.Combine(folder, "log"), "-w", "-o", settings, "start"], stop);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>How a program connects to it, in the words of Npgsql.</summary>
    public string Connection => $"Host={_socket};Username={User};Database={User}";

    /// <summary>Runs a statement.</summary>
    public Task ExecuteAsync(string statement, CancellationToken stop) =>
        RunAsOwnerAsync("psql", ["-h", _socket, "-U", User, "-v", "ON_ERROR_STOP=1", "-q", "-c", statement, User], stop);

    /// <summary>Runs a script over and over from several clients.</summary>
    /// <returns>What pgbench printed.</returns>
    public Task<string> PgbenchAsync(string script, int clients, int seconds, CancellationToken stop) => RunAsOwnerAsync(
        "pgbench",
        [
            "-h", _socket, "-U", User, "-n", "-M", "prepared", "-f", script, "-c", $"{clients}", "-j", $"{Math.Min(clients, Environment.ProcessorCount)}",
            "-T", $"{seconds}", User,
        ],
        stop);

    public async ValueTask DisposeAsync()
    {
        if (File.Exists(Path.Combine(_data, "postmaster.pid")))
            await RunAsOwnerAsync("pg_ctl", ["-D", _data, "-m", "immediate", "-w", "stop"], CancellationToken.None);
        Directory.Delete(_socket, recursive: true);
    }

    private Task<string> RunAsOwnerAsync(string program, string[] arguments, CancellationToken stop)
    {
        string path = Path.Combine(_bin, program);
        return Environment.IsPrivilegedProcess
            ? OtherProgram.RunAsync("runuser", ["-u", User, "--", path, .. arguments], stop)
            : OtherProgram.RunAsync(path, arguments, stop);
    }
}
