namespace Metering.Bench;

/// <summary>This server: a new process with a new ledger in every round, warmed up; every record fsynced before its answer.</summary>
/// <param name="options">How the run is made.</param>
/// <param name="folder">Where the ledgers are.</param>
/// <param name="learn">Told the bytes that a record takes on disk.</param>
internal sealed class ServerContender(BenchOptions options, WorkFolder folder, Action<double> learn) : IContender
{
    public IReadOnlyList<string> Names { get; } = options.Choose(Parts.ServerFull, Parts.ServerSingle);

    public string Describe(string name) => $"this server, fsynced and deduplicated; {Parts.RecordsEach(name)} a request";

    public Task PrepareAsync(CancellationToken stop) => Task.CompletedTask;

    public async Task<IReadOnlyDictionary<string, Turn>> TakeTurnsAsync(CancellationToken stop)
    {
        string data = folder.Make("server");
        await using BenchServer server = await BenchServer.StartAsync(options.Checkout, data, stop);
        var load = new LoadProgram(options, server.Grpc, server.Token);
        await load.WarmAsync(Names, stop);
        var turns = new Dictionary<string, Turn>();
        foreach (string name in Names)
            turns.Add(name, await TakeTurnAsync(server, load, LoadShape.Of(name, options), stop));

        await server.StopAsync(stop);
        double diskBytes = (double)WorkFolder.BytesOf(data) / load.Accepted;
        Directory.Delete(data, recursive: true);
        learn(diskBytes);
        return turns.ToDictionary(turn => turn.Key, turn => turn.Value with { DiskBytesPerRecord = diskBytes });
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static async Task<Turn> TakeTurnAsync(BenchServer server, LoadProgram load, LoadShape shape, CancellationToken stop)
    {
        server.ForgetPeakBytes();
        long allocatedBefore = await server.GetAllocatedBytesAsync(stop);
        LoadFigures figures = await load.RunAsync(shape, stop);
        long allocated = await server.GetAllocatedBytesAsync(stop) - allocatedBefore;
        return new Turn(figures.AcceptedPerSecond)
        {
            Records = figures.Accepted,
            AllocatedBytesPerRecord = (double)allocated / figures.Accepted,
            PeakResidentBytes = server.PeakBytes,
        };
    }
}
