using System.Net;
using Metering.Client;
using Metering.Load;
using Metering.Server;

namespace Metering.Cli;

/// <summary>Starts a server in this process, on a ledger of its own, and drives it through its cleartext gRPC as any client would.</summary>
/// <param name="parent">Folder on the disk that is measured.</param>
/// <param name="seconds">Length of each measurement.</param>
/// <param name="terminal">Where progress is shown.</param>
internal sealed class BenchRun(string parent, double seconds, Terminal terminal)
{
    private const int FullRequest = 25;
    private const int Connections = 8; // those of the load before may still be closing: one address may have 16
    private const int Streams = 100;
    private const double WarmTimes = 2; // compiling what runs often takes its time, on busy processors even more
    private const double SyncSecondsMaximum = 1;
    private const int LoadsMeasured = 3;
    private const double StartSeconds = 1; // of the server, about

    private readonly BenchProgress _progress = new(terminal, Math.Min(seconds, SyncSecondsMaximum) + StartSeconds + (seconds * (WarmTimes + LoadsMeasured)));
    private long _records;

    /// <summary>Measures; leaves nothing behind.</summary>
    /// <exception cref="CommandException">The server does not start, or did not answer all that was sent.</exception>
    public async Task<BenchFigures> ExecuteAsync(CancellationToken stop)
    {
        string folder = Path.Combine(parent, "metering-bench-" + Path.GetRandomFileName());
        Directory.CreateDirectory(folder);
        try
        {
            return await MeasureAsync(folder, stop);
        }
        finally
        {
            _progress.Clear();
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<BenchFigures> MeasureAsync(string folder, CancellationToken stop)
    {
        _progress.Begin("The disk");
        double sync = (await Task.Run(
            () => new DiskSync(folder, terminal.Time).Measure(DiskSync.SmallBytes, Math.Min(seconds, SyncSecondsMaximum), stop), CancellationToken.None))
            .MedianMilliseconds;
        _progress.End($"{sync:N2} ms for 4 KiB and their fdatasync");
        string catalog = Path.Combine(folder, "catalog.yaml");
        await File.WriteAllTextAsync(catalog, SampleCatalog.Yaml, stop);
        string data = Path.Combine(folder, "data");
        double full, single;
        BenchLatency atHalf;
        var any = new IPEndPoint(IPAddress.Loopback, 0);
        var options = new ServerOptions { Data = data, Catalog = catalog, ListenHttp = null, ListenGrpc = any, ListenHttps = null };
        await using (MeteringServer server = await ServerStart.StartAsync(options, terminal, stop))
        {
            LoadOptions load = await PrepareAsync(server.Facts, stop);
            await SendAsync("Warming up", load with { Seconds = seconds * WarmTimes }, stop);
            full = (await SendAsync("25 records a request", load, stop)).AcceptedPerSecond;
            single = (await SendAsync("1 record a request", load with { Records = 1 }, stop)).AcceptedPerSecond;
            LoadTally tally = (await SendAsync("Half of the rate", load with { RecordsPerSecond = full / 2 }, stop)).Tally;
            double Milliseconds(double percent) => tally.Latency.GetPercentile(percent) / 1e6;
            atHalf = new BenchLatency(full / 2, Milliseconds(50), Milliseconds(99), Milliseconds(99.9), tally.Missed);
        }

        double bytes = new DirectoryInfo(data).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
        return new BenchFigures(seconds, Environment.ProcessorCount, full, single, atHalf, sync, bytes / _records, _records);
    }

    private async Task<LoadOptions> PrepareAsync(ServerFacts facts, CancellationToken stop)
    {
        WriteExample ids = facts.Example!; // the sample catalog has them
        string address = facts.Listening.Grpc!.ToString();
        using var admin = new MeteringClient(new MeteringClientOptions
        {
            Address = "http://" + address,
            AdminToken = (await File.ReadAllTextAsync(facts.AdminTokenFile, stop)).Trim(),
        });
        AuthorizedKeyFile key = await admin.RegisterKeyAsync(
            AuthorizedKeyFile.Create(ids.ServiceAccountId, KeyAlgorithm.Rsa2048, terminal.Time.GetUtcNow()), stop);
        return new LoadOptions
        {
            Address = address,
            Token = (await admin.CreateTokenAsync(key, stop)).Value,
            Service = WriteService.Product,
            Owner = ids.ProductInstanceId,
            Skus = [ids.SkuId],
            Records = FullRequest,
            Connections = Connections,
            Streams = Streams,
            Seconds = seconds,
            Requests = null,
            DuplicatesPercent = 0,
            Uuid = UuidVersion.V4,
            RecordsPerSecond = 0,
            Output = OutputFormat.Text,
            AcknowledgedPath = null,
        };
    }

    private async Task<LoadSummary> SendAsync(string what, LoadOptions load, CancellationToken stop)
    {
        var run = new LoadRun(load, terminal.Time, _progress.Show);
        await using CancellationTokenRegistration stopping = stop.Register(run.Stop);
        _progress.Begin(what);
        LoadSummary summary = await Task.Run(() => Execute(run), CancellationToken.None);
        _progress.End($"{Figures.Group((long)summary.AcceptedPerSecond)} records/s");
        stop.ThrowIfCancellationRequested();
        _records += summary.Tally.Verdicts[VerdictCounts.Accepted];
        LoadTally tally = summary.Tally;
        if (tally.Failed == 0 && tally.Losses.Count == 0 && _records > 0 && tally.Verdicts[VerdictCounts.Accepted] == tally.Verdicts.Total)
            return summary;
        string? message = tally.StatusMessages.OfType<string>().Concat(tally.Losses).FirstOrDefault();
        throw new CommandException(
            ExitCodes.RequestFailed,
            $"{what}: {Figures.Count(tally.Failed, "request")} of {Figures.Group(tally.Sent)} "
            + $"not answered in full{(message is null ? "." : $": {message}")}");
    }

    private static LoadSummary Execute(LoadRun run)
    {
        try
        {
            return run.Execute();
        }
        catch (LoadException fault)
        {
            throw new CommandException(ExitCodes.RequestFailed, fault.Message, fault);
        }
    }
}
