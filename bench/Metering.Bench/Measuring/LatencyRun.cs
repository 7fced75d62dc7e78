using Metering.Load;

namespace Metering.Bench;

/// <summary>The server's latencies on one ledger.</summary>
/// <param name="SingleMilliseconds">Middle time of a full Write when it is the only one in flight.</param>
/// <param name="SyncMilliseconds">Middle time of a small write and its sync, right before and after that.</param>
/// <param name="MaximumRecordsPerSecond">The rate that half of was asked for next.</param>
/// <param name="AtHalf">What the load counted at half of it, from the intended moments of sending.</param>
internal sealed record LatencyFigures(double SingleMilliseconds, double SyncMilliseconds, double MaximumRecordsPerSecond, LoadFigures AtHalf)
{
    /// <summary>The same load on the echo: what machine, wire and load generator make of it without a ledger.</summary>
    public LoadFigures? EchoAtHalf { get; init; }
}


/// <summary>Measures one request in flight, between two looks at the disk, and then half of the maximum rate.</summary>
internal sealed class LatencyRun(BenchOptions options, WorkFolder folder, TimeProvider time, TextWriter progress)
{
    // One request after the other settles soon.
    private const double SingleSecondsMaximum = 5;
    private const int SingleRounds = 3;

    /// <summary>
    /// Connections of the load at half of the maximum. The load has a thread for each, which wakes for every request that is
    /// due: on two processors a dozen of them would be measured rather than the server.
    /// </summary>
    public const int HalfConnections = 4;

    /// <summary>Runs on a new server.</summary>
    /// <param name="maximum">Records a second that the server took in this run; measured here when null.</param>
    /// <param name="stop">Ends it.</param>
    public async Task<LatencyFigures> ExecuteAsync(double? maximum, CancellationToken stop)
    {
        await using BenchServer server = await BenchServer.StartAsync(options.Checkout, folder.Make(Parts.Latency), time, stop);
        var load = new LoadProgram(options, server.Grpc, server.Token);
        await load.RunAsync(new LoadShape(Parts.FullRequest, options.WarmSeconds), stop);
        double most = maximum ?? (await load.RunAsync(new LoadShape(Parts.FullRequest, options.OtherSeconds), stop)).AcceptedPerSecond;

        var disk = new DiskSync(folder.Make(Parts.Disk), time);
        double seconds = Math.Min(options.OtherSeconds, SingleSecondsMaximum);
        var single = new List<double>();
        var sync = new List<double> { disk.Measure(DiskSync.SmallBytes, seconds / 2, stop).MedianMilliseconds };
        for (int round = 0; round < SingleRounds; round++)
        {
            single.Add((await load.RunAsync(new LoadShape(Parts.FullRequest, seconds, IsSingle: true), stop)).P50Milliseconds);
            sync.Add(disk.Measure(DiskSync.SmallBytes, seconds / 2, stop).MedianMilliseconds);
        }

        LoadShape half = AtRate(most / 2, options.Seconds, options);
        var figures = new LatencyFigures(Median.Of(single), Median.Of(sync), most, await load.RunAsync(half, stop))
        {
            EchoAtHalf = await MeasureEchoAsync(half, stop),
        };
        progress.WriteLine(
            $"  one in flight p50 {figures.SingleMilliseconds:N2} ms (sync {figures.SyncMilliseconds:N2} ms); at {most / 2:N0} records/s "
            + $"p99 {figures.AtHalf.P99Milliseconds:N1} ms, p99.9 {figures.AtHalf.P999Milliseconds:N1} ms; "
            + $"the echo there {figures.EchoAtHalf!.P99Milliseconds:N1} ms, {figures.EchoAtHalf.P999Milliseconds:N1} ms");
        await server.StopAsync(stop);
        return figures;
    }

    /// <summary>A load of full requests at a rate.</summary>
    public static LoadShape AtRate(double recordsPerSecond, double seconds, BenchOptions options) =>
        new(Parts.FullRequest, seconds, recordsPerSecond) { WarmSeconds = options.WarmSeconds / 2, Connections = HalfConnections };

    private async Task<LoadFigures> MeasureEchoAsync(LoadShape shape, CancellationToken stop)
    {
        await using EchoProcess echo = await EchoProcess.StartAsync();
        return await new LoadProgram(options, echo.Address, "any").RunAsync(shape with { Seconds = options.OtherSeconds }, stop);
    }
}
