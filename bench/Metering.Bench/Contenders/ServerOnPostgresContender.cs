namespace Metering.Bench;

/// <summary>
/// This server over a PostgreSQL set like pgbench's, one node or two: every record in a committed transaction before its answer,
/// with totals and the order of commits. The tables are as empty at each turn as pgbench's table is.
/// </summary>
/// <param name="name">The part.</param>
/// <param name="nodes">How many servers share the database, and the load.</param>
/// <param name="options">How the run is made.</param>
/// <param name="folder">Where everything is kept.</param>
/// <param name="time">The clock.</param>
internal sealed class ServerOnPostgresContender(string name, int nodes, BenchOptions options, WorkFolder folder, TimeProvider time) : IContender
{
    private readonly List<BenchServer> _servers = [];
    private readonly List<LoadProgram> _loads = [];
    private PostgresCluster? _cluster;

    public IReadOnlyList<string> Names => [name];

    public string Describe(string part) => $"this server on PostgreSQL, {(nodes == 1 ? "one node" : $"{nodes} nodes")}; {Parts.FullRequest} a request";

    public async Task PrepareAsync(CancellationToken stop)
    {
        _cluster = await PostgresCluster.StartAsync(folder.Make(name), stop);
        for (int node = 1; node <= nodes; node++)
        {
            _servers.Add(await BenchServer.StartAsync(
                options.Checkout, folder.Make($"{name}-node{node}"), time, stop, $"postgres: {_cluster.Connection}"));
            _loads.Add(new LoadProgram(options, _servers[^1].Grpc, _servers[^1].Token));
            await _loads[^1].WarmAsync(Names, stop);
        }
    }

    public async Task<IReadOnlyDictionary<string, Turn>> TakeTurnsAsync(bool isLast, CancellationToken stop)
    {
        await _cluster!.ExecuteAsync("TRUNCATE metering.usage_record, metering.usage_group, metering.usage_total, metering.usage_rejection", stop);
        // The connections of one node's turn, shared out, so that as many requests are in flight.
        var shape = new LoadShape(Parts.FullRequest, options.OtherSeconds) { Connections = Math.Max(1, options.Connections / nodes) };
        LoadFigures[] figures = await Task.WhenAll(_loads.Select(load => load.RunAsync(shape, stop)));
        await _cluster.ExecuteAsync("CHECKPOINT", stop); // in its own time, not in the next turn's
        return Parts.Only(name, new Turn(figures.Sum(figure => figure.AcceptedPerSecond)));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (BenchServer server in _servers)
            await server.DisposeAsync();
        if (_cluster is not null)
            await _cluster.DisposeAsync();
    }
}
