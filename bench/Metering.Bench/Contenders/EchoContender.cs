namespace Metering.Bench;

/// <summary>What the wire allows: an <see cref="EchoServer"/>, warmed up, under the same load as this server.</summary>
internal sealed class EchoContender(BenchOptions options) : IContender
{
    private EchoProcess? _echo;

    public IReadOnlyList<string> Names { get; } = options.Choose(Parts.EchoFull, Parts.EchoSingle);

    public string Describe(string name) => $"echo: Kestrel and Google.Protobuf, no ledger; {Parts.RecordsEach(name)} a request";

    public Task PrepareAsync(CancellationToken stop) => Task.CompletedTask;

    public async Task<IReadOnlyDictionary<string, Turn>> TakeTurnsAsync(bool isLast, CancellationToken stop)
    {
        bool isNew = _echo is null;
        _echo ??= await EchoProcess.StartAsync();
        var load = new LoadProgram(options, _echo.Address, "any");
        if (isNew)
            await load.WarmAsync(Names, stop);
        var turns = new Dictionary<string, Turn>();
        foreach (string name in Names)
        {
            LoadFigures figures = await load.RunAsync(LoadShape.Of(name, options), stop);
            turns.Add(name, new Turn(figures.AcceptedPerSecond) { Records = figures.Accepted });
        }

        if (isLast || options.IsNewEachRound)
            await DisposeAsync();
        return turns;
    }

    public async ValueTask DisposeAsync()
    {
        if (_echo is not null)
            await _echo.DisposeAsync();
        _echo = null;
    }
}
