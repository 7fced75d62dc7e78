using System.Text.Json;
using Metering.Load;

namespace Metering.Bench;

/// <summary>What one run of the load generator is to send.</summary>
/// <param name="RecordsEach">Records in each request.</param>
/// <param name="Seconds">Time of sending.</param>
/// <param name="RecordsPerSecond">Intended rate; 0 for as fast as answers come.</param>
/// <param name="IsSingle">One request in flight, on one connection.</param>
internal sealed record LoadShape(int RecordsEach, double Seconds, double RecordsPerSecond = 0, bool IsSingle = false)
{
    /// <summary>Time of sending before that, uncounted: the generator's own code is compiled anew in every process.</summary>
    public double WarmSeconds { get; init; } = 0.5;

    /// <summary>Connections, where they are not those of every turn.</summary>
    public int? Connections { get; init; }

    /// <summary>Number of requests; null to send for <see cref="Seconds"/>.</summary>
    public long? Requests { get; init; }

    /// <summary>Number from which the uuids follow, so that they can be sent again; null for uuids that nobody sent before.</summary>
    public long? Seed { get; init; }

    /// <summary>The load of a turn.</summary>
    public static LoadShape Of(string name, BenchOptions options) =>
        new(Parts.RecordsEach(name), Parts.RecordsEach(name) == 1 ? options.OtherSeconds : options.Seconds);
}

/// <summary>What it counted, warming up left out. Milliseconds count from the intended moment of sending when there is a rate; what was due but never sent, the server being slower, is in Missed alone.</summary>
internal sealed record LoadFigures(
    long Accepted, long AcceptedWhileWarming, double AcceptedPerSecond, double P50Milliseconds, double P99Milliseconds, double P999Milliseconds, double MaximumMilliseconds,
    double ProcessorMicrosecondsPerRequest, long Missed)
{
    /// <summary>Records that were answered DUPLICATE.</summary>
    public long Duplicates { get; init; }

    /// <summary>Records with any verdict, a second.</summary>
    public double JudgedPerSecond { get; init; }

    /// <summary>From the start of sending to the last answer.</summary>
    public double Seconds { get; init; }
}

/// <summary>The load generator (bench/Metering.Load), in a process of its own for each load.</summary>
internal sealed class LoadProgram(BenchOptions options, string address, string token)
{
    /// <summary>Records accepted in all runs together.</summary>
    public long Accepted { get; private set; }

    /// <summary>Warms a server up for the turns to come: shorter for the second shape, which shares most of the code.</summary>
    public async Task WarmAsync(IReadOnlyList<string> names, CancellationToken stop)
    {
        double seconds = options.WarmSeconds;
        foreach (string name in names)
        {
            await RunAsync(new LoadShape(Parts.RecordsEach(name), seconds), stop);
            seconds = options.WarmSeconds / 3;
        }
    }

    /// <summary>Sends, to the end.</summary>
    /// <param name="shape">What is sent.</param>
    /// <param name="stop">Ends it early.</param>
    /// <param name="progressed">Told about every second the seconds and the records so far; warming up has its own.</param>
    /// <exception cref="BenchException">A request that was sent was not answered with status OK.</exception>
    public async Task<LoadFigures> RunAsync(LoadShape shape, CancellationToken stop, Action<double, long>? progressed = null)
    {
        string output = await SendAsync(shape, progressed, stop);
        LoadFigures figures = Read(output);
        Accepted += figures.Accepted + figures.AcceptedWhileWarming;
        return figures;
    }

    /// <summary>Sends until the server is gone.</summary>
    /// <param name="shape">What is sent, for longer than the server lives.</param>
    /// <param name="progressed">Told about every second the seconds and the records so far.</param>
    /// <param name="stop">Ends it early.</param>
    public async Task RunUntilLostAsync(LoadShape shape, Action<double, long> progressed, CancellationToken stop)
    {
        (LoadFigures figures, bool isAnswered) = Parse(await SendAsync(shape, progressed, stop));
        Accepted += figures.Accepted + figures.AcceptedWhileWarming;
        if (isAnswered)
            throw new BenchException("The load ended before the server did.");
    }

    private async Task<string> SendAsync(LoadShape shape, Action<double, long>? progressed, CancellationToken stop)
    {
        string program = Path.Combine(options.Checkout, "artifacts/bin/Metering.Load/release/Metering.Load.dll");
        List<string> arguments =
        [
            program, "--output", "json", "--address", address, "--owner", BenchServer.Instance, "--sku", BenchServer.Sku,
            "--token", token, "--records", $"{shape.RecordsEach}", "--warm", $"{Math.Min(shape.WarmSeconds, options.WarmSeconds)}",
            "--connections", $"{(shape.IsSingle ? 1 : shape.Connections ?? options.Connections)}", "--streams", $"{(shape.IsSingle ? 1 : options.Streams)}",
        ];
        arguments.AddRange(shape.Requests is { } requests ? ["--requests", $"{requests}"] : ["--seconds", $"{shape.Seconds}"]);
        if (shape.RecordsPerSecond > 0)
            arguments.AddRange(["--rate", $"{shape.RecordsPerSecond:F0}"]);
        if (shape.Seed is { } seed)
            arguments.AddRange(["--seed", $"{seed}"]);
        return await OtherProgram.RunAsync("dotnet", arguments, stop, highestExitCode: 1, line =>
        {
            if (LoadProgress.TryRead(line, out double seconds, out long judged))
                progressed?.Invoke(seconds, judged);
        });
    }

    /// <summary>Reads the generator's JSON document.</summary>
    /// <exception cref="BenchException">Something was not answered, or nothing was sent.</exception>
    internal static LoadFigures Read(string output)
    {
        (LoadFigures figures, bool isAnswered) = Parse(output);
        return isAnswered && figures.Accepted + figures.Duplicates > 0
            ? figures
            : throw new BenchException($"The load was not answered in full:\n{output}");
    }

    private static (LoadFigures Figures, bool IsAnswered) Parse(string output)
    {
        using JsonDocument document = JsonDocument.Parse(output);
        JsonElement summary = document.RootElement;
        JsonElement verdicts = summary.GetProperty("verdicts");
        JsonElement requests = summary.GetProperty("requests");
        long missed = requests.GetProperty("missed").GetInt64();
        bool isAnswered = requests.GetProperty("failed").GetInt64() == 0 && summary.GetProperty("lostConnections").GetArrayLength() == 0;
        JsonElement latency = summary.GetProperty("latencyMilliseconds");
        var figures = new LoadFigures(
            verdicts.GetProperty("ACCEPTED").GetInt64(),
            summary.GetProperty("acceptedWhileWarming").GetInt64(),
            summary.GetProperty("acceptedPerSecond").GetDouble(),
            latency.GetProperty("p50").GetDouble(),
            latency.GetProperty("p99").GetDouble(),
            latency.GetProperty("p999").GetDouble(),
            latency.GetProperty("max").GetDouble(),
            summary.GetProperty("processorMicrosecondsPerRequest").GetDouble(),
            missed)
        {
            Duplicates = verdicts.GetProperty("DUPLICATE").GetInt64(),
            JudgedPerSecond = summary.GetProperty("recordsPerSecond").GetDouble(),
            Seconds = summary.GetProperty("elapsedSeconds").GetDouble(),
        };
        return (figures, isAnswered);
    }
}
