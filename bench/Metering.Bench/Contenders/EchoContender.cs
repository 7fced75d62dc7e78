namespace Metering.Bench;

/// <summary>What the wire allows: a new <see cref="EchoServer"/> in every round, warmed up, under the same load as this server.</summary>
internal sealed class EchoContender(BenchOptions options) : IContender
{
    public IReadOnlyList<string> Names { get; } = options.Choose(Parts.EchoFull, Parts.EchoSingle);

    public string Describe(string name) => $"echo: Kestrel and Google.Protobuf, no ledger; {Parts.RecordsEach(name)} a request";

    public Task PrepareAsync(CancellationToken stop) => Task.CompletedTask;

    public async Task<IReadOnlyDictionary<string, Turn>> TakeTurnsAsync(CancellationToken stop)
    {
        await using EchoProcess echo = await EchoProcess.StartAsync();
        var load = new LoadProgram(options, echo.Address, "any");
        await load.WarmAsync(Names, stop);
        var turns = new Dictionary<string, Turn>();
        foreach (string name in Names)
        {
            LoadFigures figures = await load.RunAsync(LoadShape.Of(name, options), stop);
            turns.Add(name, new Turn(figures.AcceptedPerSecond) { Records = figures.Accepted });
        }

        return turns;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
