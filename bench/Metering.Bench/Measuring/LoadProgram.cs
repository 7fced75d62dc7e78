using System.Text.Json;

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

    /// <summary>The load of a turn.</summary>
    public static LoadShape Of(string name, BenchOptions options) =>
        new(Parts.RecordsEach(name), Parts.RecordsEach(name) == 1 ? options.OtherSeconds : options.Seconds);
}

/// <summary>What it counted, warming up left out. Milliseconds count from the intended moment of sending when there is a rate; what was due but never sent, the server being slower, is in Missed alone.</summary>
internal sealed record LoadFigures(
    long Accepted, long AcceptedWhileWarming, double AcceptedPerSecond, double P50Milliseconds, double P99Milliseconds, double P999Milliseconds, double MaximumMilliseconds,
    double ProcessorMicrosecondsPerRequest, long Missed);

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
    /// <exception cref="BenchException">A request that was sent was not answered with status OK.</exception>
    public async Task<LoadFigures> RunAsync(LoadShape shape, CancellationToken stop)
    {
        string program = Path.Combine(options.Checkout, "artifacts/bin/Metering.Load/release/Metering.Load.dll");
        List<string> arguments =
        [
            program, "--output", "json", "--address", address, "--owner", BenchServer.Instance, "--sku", BenchServer.Sku,
            "--token", token, "--records", $"{shape.RecordsEach}", "--seconds", $"{shape.Seconds}", "--warm", $"{Math.Min(shape.WarmSeconds, options.WarmSeconds)}",
            "--connections", $"{(shape.IsSingle ? 1 : shape.Connections ?? options.Connections)}", "--streams", $"{(shape.IsSingle ? 1 : options.Streams)}",
        ];
        if (shape.RecordsPerSecond > 0)
            arguments.AddRange(["--rate", $"{shape.RecordsPerSecond:F0}"]);
        LoadFigures figures = Read(await OtherProgram.RunAsync("dotnet", arguments, stop, highestExitCode: 1));
        Accepted += figures.Accepted + figures.AcceptedWhileWarming;
        return figures;
    }

    /// <summary>Reads the generator's JSON document.</summary>
    internal static LoadFigures Read(string output)
    {
        using JsonDocument document = JsonDocument.Parse(output);
        JsonElement summary = document.RootElement;
        long accepted = summary.GetProperty("verdicts").GetProperty("ACCEPTED").GetInt64();
        JsonElement requests = summary.GetProperty("requests");
        long missed = requests.GetProperty("missed").GetInt64();
        bool isAnswered = requests.GetProperty("failed").GetInt64() == 0 && summary.GetProperty("lostConnections").GetArrayLength() == 0;
        if (!isAnswered || accepted == 0)
            throw new BenchException($"The load was not answered in full:\n{output}");
        JsonElement latency = summary.GetProperty("latencyMilliseconds");
        return new LoadFigures(
            accepted,
            summary.GetProperty("acceptedWhileWarming").GetInt64(),
            summary.GetProperty("acceptedPerSecond").GetDouble(),
            latency.GetProperty("p50").GetDouble(),
            latency.GetProperty("p99").GetDouble(),
            latency.GetProperty("p999").GetDouble(),
            latency.GetProperty("max").GetDouble(),
            summary.GetProperty("processorMicrosecondsPerRequest").GetDouble(),
            missed);
    }
}
