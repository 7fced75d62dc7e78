namespace Metering.Bench;

/// <summary>This server on a ledger that was empty when it started, warmed up; every record fsynced before its answer.</summary>
internal sealed class ServerContender(BenchOptions options, WorkFolder folder, TimeProvider time) : IContender
{
    private BenchServer? _server;
    private LoadProgram? _load;
    private string _data = "";

    public IReadOnlyList<string> Names { get; } = options.Choose(Parts.ServerFull, Parts.ServerSingle);

    public string Describe(string name) => $"this server, fsynced and deduplicated; {Parts.RecordsEach(name)} a request";

    public Task PrepareAsync(CancellationToken stop) => Task.CompletedTask;

    public async Task<IReadOnlyDictionary<string, Turn>> TakeTurnsAsync(bool isLast, CancellationToken stop)
    {
        if (_server is null || _load is null)
        {
            _data = folder.Make("server");
            _server = await BenchServer.StartAsync(options.Checkout, _data, time, stop);
            _load = new LoadProgram(options, _server.Grpc, _server.Token);
            await _load.WarmAsync(Names, stop);
        }

        var turns = new Dictionary<string, Turn>();
        foreach (string name in Names)
            turns.Add(name, await TakeTurnAsync(_server, _load, LoadShape.Of(name, options), stop));
        if (!isLast && !options.IsNewEachRound)
            return turns;

        await _server.StopAsync(stop);
        double diskBytes = (double)WorkFolder.BytesOf(_data) / _load.Accepted;
        await DisposeAsync();
        return turns.ToDictionary(turn => turn.Key, turn => turn.Value with { DiskBytesPerRecord = diskBytes });
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is null)
            return;
        await _server.DisposeAsync();
        Directory.Delete(_data, recursive: true);
        _server = null;
    }

    private static async Task<Turn> TakeTurnAsync(BenchServer server, LoadProgram load, LoadShape shape, CancellationToken stop)
    {
        server.ForgetPeakBytes();
        long allocatedBefore = await server.GetAllocatedBytesAsync(stop);
        LoadFigures figures = await load.RunAsync(shape, stop);
        long allocated = await server.GetAllocatedBytesAsync(stop) - allocatedBefore;
        return new Turn(figures.AcceptedPerSecond)
        {
            Records = figures.Accepted,
            AllocatedBytesPerRecord = (double)allocated / (figures.Accepted + figures.AcceptedWhileWarming),
            PeakResidentBytes = server.PeakBytes,
        };
    }
}
