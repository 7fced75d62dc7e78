using System.Globalization;

namespace Metering.Bench;

/// <summary>
/// PostgreSQL on the same disk, through pgbench: 25 random uuids a statement, ON CONFLICT DO NOTHING, each statement a transaction
/// that is durable when it is answered. The rows are made in the server, so that neither parsing nor the client costs it anything.
/// </summary>
internal sealed class PostgresContender(BenchOptions options, WorkFolder folder, TextWriter progress) : IContender
{
    private const string Table =
        "CREATE TABLE usage (uuid uuid PRIMARY KEY, owner int NOT NULL, sku int NOT NULL, quantity bigint NOT NULL, at timestamptz NOT NULL)";

    private const string Insert =
        "INSERT INTO usage SELECT gen_random_uuid(), 1, n % 10, 1 + n, now() FROM generate_series(1, 25) n ON CONFLICT DO NOTHING;\n";

    private static readonly int[] ClientCounts = [4, 16, 32];

    private PostgresCluster? _cluster;
    private string _script = "";

    public IReadOnlyList<string> Names => [Parts.Postgres];

    public string Describe(string name) => $"PostgreSQL, {Parts.FullRequest} rows a statement through pgbench, {Clients} clients";

    /// <summary>The number of clients that was fastest.</summary>
    public int Clients { get; private set; }

    public async Task PrepareAsync(CancellationToken stop)
    {
        string place = folder.Make(Parts.Postgres);
        _script = Path.Combine(place, "insert.sql");
        await File.WriteAllTextAsync(_script, Insert, stop);
        _cluster = await PostgresCluster.StartAsync(place, stop);
        await _cluster.ExecuteAsync(Table, stop);
        double best = 0;
        foreach (int clients in ClientCounts)
        {
            double rate = await MeasureAsync(clients, stop);
            progress.WriteLine($"  {clients,2} clients {rate,13:N0} records/s");
            if (rate > best)
                (best, Clients) = (rate, clients);
        }
    }

    public async Task<IReadOnlyDictionary<string, Turn>> TakeTurnsAsync(bool isLast, CancellationToken stop)
    {
        // As empty as the ledger of this server is at its turn.
        await _cluster!.ExecuteAsync("TRUNCATE usage", stop);
        double rate = await MeasureAsync(Clients, stop);
        await _cluster.ExecuteAsync("CHECKPOINT", stop); // in its own time, not in the next turn's
        return Parts.Only(Parts.Postgres, new Turn(rate));
    }

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null)
            await _cluster.DisposeAsync();
    }

    /// <summary>The transactions a second that pgbench printed.</summary>
    internal static double ReadTransactions(string output)
    {
        const string name = "tps = ";
        string? line = output.Split('\n').FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        return line is not null && double.TryParse(line[name.Length..].Split(' ')[0], CultureInfo.InvariantCulture, out double perSecond)
            ? perSecond
            : throw new BenchException($"pgbench printed no transactions a second:\n{output}");
    }

    private async Task<double> MeasureAsync(int clients, CancellationToken stop)
    {
        int seconds = Math.Max(1, (int)options.OtherSeconds);
        string output = await _cluster!.PgbenchAsync(_script, clients, seconds, stop);
        return ReadTransactions(output) * Parts.FullRequest;
    }
}
