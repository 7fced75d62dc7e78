namespace Metering.Bench;

/// <summary>Exports and verifies a ledger with the command line, each command on a server that was just started and then again.</summary>
/// <param name="options">How the run is made.</param>
/// <param name="month">What is in the ledger.</param>
/// <param name="data">The data directory that it is in.</param>
/// <param name="folder">Where exported files go.</param>
/// <param name="line">Where it is shown how far it is.</param>
/// <param name="time">The clock.</param>
internal sealed class RecordsRun(BenchOptions options, MonthOfUsage month, string data, string folder, RewrittenLine line, TimeProvider time)
{
    private const int Again = 3;

    /// <summary>Runs all of them.</summary>
    /// <exception cref="BenchException">A command failed, or did not read every record.</exception>
    public async Task<RecordsRead> ExecuteAsync(CancellationToken stop) => new(month.Records, month.Series,
    [
        await MeasureAsync("metering export --format csv", command => command.ExportAsync("csv", Path.Combine(folder, "all.csv"), stop), stop),
        await MeasureAsync("metering export --format jsonl", command => command.ExportAsync("jsonl", Path.Combine(folder, "all.jsonl"), stop), stop),
        await MeasureAsync("metering verify", command => command.VerifyAsync(stop), stop),
    ]);

    private async Task<CommandTimes> MeasureAsync(
        string name, Func<MeteringCommand, Task<(long Records, double Seconds)>> run, CancellationToken stop)
    {
        await using BenchServer server = await BenchServer.StartAsync(options.Checkout, data, time, stop, hasCatalog: true);
        var command = new MeteringCommand(options, server, data, time);
        var seconds = new List<double>();
        int runs = 1 + (options.IsShort ? 1 : Again);
        while (seconds.Count < runs)
        {
            (long records, double took) = await run(command);
            if (records != month.Records)
                throw new BenchException($"{name} read {records:N0} records of {month.Records:N0}.");
            seconds.Add(took);
        }

        await server.StopAsync(stop);
        var times = new CommandTimes(name, month.Records, seconds[0], seconds[1..]);
        line.Say($"{name}: {times.ColdPerSecond:N0} records/s, then {times.WarmPerSecond:N0}.");
        return times;
    }
}
