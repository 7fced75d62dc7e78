namespace Metering.Bench;

/// <summary>A server on a ledger that was empty, and what was put into it so far.</summary>
/// <param name="options">How the run is made.</param>
/// <param name="data">The server's data directory.</param>
/// <param name="line">Where it is shown how far it is.</param>
/// <param name="time">The clock.</param>
internal sealed class GrowingLedger(BenchOptions options, string data, RewrittenLine line, TimeProvider time) : IAsyncDisposable
{
    private const double LongerThanServerSeconds = 600;

    private readonly List<RateAt> _filling = [];
    private BenchServer? _server;
    private LoadProgram? _load;
    private long _acknowledgedBefore;
    private long _grownRecords;
    private double _grownSeconds;

    /// <summary>The server as it runs.</summary>
    public BenchServer Server => _server ?? throw new InvalidOperationException("The server was not started.");

    /// <summary>Records that were acknowledged in all.</summary>
    public long Records => _acknowledgedBefore + (_load?.Accepted ?? 0);

    /// <summary>Records a second of all loads that <see cref="GrowAsync"/> made.</summary>
    public double GrownPerSecond => _grownRecords / _grownSeconds;

    /// <summary>How those went, about every second.</summary>
    public IReadOnlyList<RateAt> Filling => _filling;

    private LoadProgram Load => _load ?? throw new InvalidOperationException("The server was not started.");

    /// <summary>Starts the server on what is there.</summary>
    /// <exception cref="BenchException">It does not start.</exception>
    public async Task StartAsync(CancellationToken stop)
    {
        _acknowledgedBefore = Records;
        _server = await BenchServer.StartAsync(options.Checkout, data, time, stop);
        _load = new LoadProgram(options, _server.Grpc, _server.Token);
    }

    /// <summary>Fills it up to a number of records, in full requests, as fast as they are taken; nothing when it has as many.</summary>
    /// <param name="records">How many it is to have at least.</param>
    /// <param name="stop">Ends it early.</param>
    /// <param name="seed">Number from which the uuids follow, to send them again.</param>
    public async Task FillAsync(long records, CancellationToken stop, long? seed = null)
    {
        long requests = (records - Records + Parts.FullRequest - 1) / Parts.FullRequest; // those before need not have been full ones
        if (requests > 0)
            await GrowAsync(new LoadShape(Parts.FullRequest, 0) { Requests = requests, Seed = seed, WarmSeconds = 0 }, stop);
    }

    /// <summary>Adds records, each of which must be new, and counts the load for <see cref="GrownPerSecond"/>.</summary>
    /// <exception cref="BenchException">A record was taken for a duplicate.</exception>
    public async Task<RateAt> GrowAsync(LoadShape shape, CancellationToken stop)
    {
        long before = Records;
        double secondsBefore = 0;
        long addedBefore = 0;
        LoadFigures figures = await Load.RunAsync(shape, stop, (seconds, added) =>
        {
            if (seconds > secondsBefore)
            {
                var point = new RateAt(before + addedBefore, (added - addedBefore) / (seconds - secondsBefore));
                _filling.Add(point);
                line.Show(Describe(before + added, point.RecordsPerSecond));
            }

            (secondsBefore, addedBefore) = (seconds, added);
        });
        if (figures.Duplicates > 0)
            throw new BenchException($"{figures.Duplicates:N0} records whose uuids were new were answered DUPLICATE.");
        _grownRecords += figures.Accepted;
        _grownSeconds += figures.Seconds;
        return new RateAt(before, figures.AcceptedPerSecond);
    }

    /// <summary>Sends something that is not to fill it.</summary>
    /// <param name="what">What that is.</param>
    /// <param name="shape">The load.</param>
    /// <param name="stop">Ends it early.</param>
    public Task<LoadFigures> SendAsync(string what, LoadShape shape, CancellationToken stop) =>
        Load.RunAsync(shape, stop, (seconds, sent) => line.Show($"  {what}: {sent:N0} records in {seconds:N0} s"));

    /// <summary>Kills the server (kill -9) under load.</summary>
    /// <param name="afterSeconds">How long after the load began, at least.</param>
    /// <param name="stop">Ends it early.</param>
    public async Task KillUnderLoadAsync(double afterSeconds, CancellationToken stop)
    {
        var underWay = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task load = Load.RunUntilLostAsync(
            new LoadShape(Parts.FullRequest, LongerThanServerSeconds) { WarmSeconds = 0 },
            (seconds, sent) =>
            {
                if (seconds >= afterSeconds && sent > 0)
                    underWay.TrySetResult();
            },
            stop);
        await Task.WhenAny(underWay.Task, load);
        await Server.DisposeAsync();
        _server = null;
        await load;
    }

    /// <summary>Asks the server to stop and waits until it has.</summary>
    public async Task StopAsync(CancellationToken stop)
    {
        await Server.StopAsync(stop);
        await DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _server = null;
    }

    private string Describe(long records, double perSecond)
    {
        string now = $"  {records,13:N0} records, {perSecond,9:N0} a second";
        if (records >= options.RecordsInLedger)
            return now;
        TimeSpan left = TimeSpan.FromSeconds((options.RecordsInLedger - records) / Math.Max(1, perSecond));
        return $"{now}, {(double)records / options.RecordsInLedger:P0} of {options.RecordsInLedger:N0}, {left:h\\:mm\\:ss} left";
    }
}
