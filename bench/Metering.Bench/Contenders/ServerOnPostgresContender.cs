namespace Metering.Bench;

/// <summary>
/// This server, one node, over a PostgreSQL set like pgbench's: every record in a committed transaction before its answer, with
/// totals. The tables are as empty at each turn as pgbench's table is.
/// </summary>
internal sealed class ServerOnPostgresContender(BenchOptions options, WorkFolder folder, TimeProvider time) : IContender
{
    private PostgresCluster? _cluster;
    private BenchServer? _server;
    private LoadProgram? _load;

    public IReadOnlyList<string> Names => [Parts.ServerOnPostgres];

    public string Describe(string name) => $"this server on PostgreSQL, one node; {Parts.FullRequest} a request";

    public async Task PrepareAsync(CancellationToken stop)
    {
        string place = folder.Make(Parts.ServerOnPostgres);
        _cluster = await PostgresCluster.StartAsync(place, stop);
        _server = await BenchServer.StartAsync(
            options.Checkout, folder.Make($"{Parts.ServerOnPostgres}-node"), time, stop, $"postgres: {_cluster.Connection}");
        _load = new LoadProgram(options, _server.Grpc, _server.Token);
        await _load.WarmAsync(Names, stop);
    }

    public async Task<IReadOnlyDictionary<string, Turn>> TakeTurnsAsync(bool isLast, CancellationToken stop)
    {
        await _cluster!.ExecuteAsync("TRUNCATE metering.usage_record, metering.usage_group, metering.usage_total, metering.usage_rejection", stop);
        LoadFigures figures = await _load!.RunAsync(new LoadShape(Parts.FullRequest, options.OtherSeconds), stop);
        await _cluster.ExecuteAsync("CHECKPOINT", stop); // in its own time, not in the next turn's
        return Parts.Only(Parts.ServerOnPostgres, new Turn(figures.AcceptedPerSecond));
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        if (_cluster is not null)
            await _cluster.DisposeAsync();
    }
}
