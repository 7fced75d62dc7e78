namespace Metering.Bench;

/// <summary>
/// This server over a PostgreSQL set like pgbench's, one node or two: every record in a committed transaction before its answer,
/// with totals and the order of commits. All nodes together have a group in flight for each processor. The tables are as empty at
/// each turn as pgbench's table is. As many load generators share the connections out whether there is one node or two: each is a
/// process that compiles its code anew, which is no node's doing.
/// </summary>
/// <param name="name">The part.</param>
/// <param name="nodes">How many servers share the database, and the load.</param>
/// <param name="options">How the run is made.</param>
/// <param name="folder">Where everything is kept.</param>
/// <param name="time">The clock.</param>
internal sealed class ServerOnPostgresContender(string name, int nodes, BenchOptions options, WorkFolder folder, TimeProvider time) : IContender
{
    private const int Loads = 2;

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
                options.Checkout, folder.Make($"{name}-node{node}"), time, stop, $"postgres: {_cluster.Connection}",
                groupsInFlight: Math.Max(1, Environment.ProcessorCount / nodes)));
            await new LoadProgram(options, _servers[^1].Grpc, _servers[^1].Token).WarmAsync(Names, stop);
        }

        _loads.AddRange(Enumerable.Range(0, Loads).Select(load => _servers[load % nodes]).Select(server => new LoadProgram(options, server.Grpc, server.Token)));
    }

    public async Task<IReadOnlyDictionary<string, Turn>> TakeTurnsAsync(bool isLast, CancellationToken stop)
    {
        await _cluster!.ExecuteAsync("TRUNCATE metering.usage_record, metering.usage_group, metering.usage_total, metering.usage_rejection", stop);
        var shape = new LoadShape(Parts.FullRequest, options.OtherSeconds) { Connections = Math.Max(1, options.Connections / Loads) };
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
