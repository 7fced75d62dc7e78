using System.Text.Json;

namespace Metering.Bench;

/// <summary>`metering` as somebody types it at a server on this machine, and how long it takes until it has ended.</summary>
/// <param name="options">Where it is built.</param>
/// <param name="server">The server.</param>
/// <param name="data">The server's data directory, for the admin token.</param>
/// <param name="time">The clock.</param>
internal sealed class MeteringCommand(BenchOptions options, BenchServer server, string data, TimeProvider time)
{
    /// <summary>Exports everything into a file, which is gone afterwards.</summary>
    /// <param name="format">csv or jsonl.</param>
    /// <param name="file">The file.</param>
    /// <param name="stop">Ends it early.</param>
    /// <returns>Records in the file, and seconds.</returns>
    public async Task<(long Records, double Seconds)> ExportAsync(string format, string file, CancellationToken stop)
    {
        double seconds = await TimeAsync(["export", "--format", format, "--to-file", file], stop);
        long lines = CountLines(file);
        File.Delete(file);
        return (format == "csv" ? lines - 1 : lines, seconds);
    }

    /// <summary>Verifies the ledger.</summary>
    /// <returns>Records that were read, and seconds.</returns>
    /// <exception cref="BenchException">It is not sound.</exception>
    public async Task<(long Records, double Seconds)> VerifyAsync(CancellationToken stop)
    {
        string report = "";
        double seconds = await TimeAsync(["verify", "--output", "json"], stop, output => report = output);
        using JsonDocument document = JsonDocument.Parse(report);
        return (document.RootElement.GetProperty("records").GetInt64(), seconds);
    }

    private async Task<double> TimeAsync(string[] words, CancellationToken stop, Action<string>? heard = null)
    {
        string program = Path.Combine(options.Checkout, "artifacts/bin/Metering.Cli/release/metering.dll");
        long startedAt = time.GetTimestamp();
        string output = await OtherProgram.RunAsync("dotnet", [program, .. words, "--data", data, "--address", $"http://{server.Grpc}"], stop);
        double seconds = time.GetElapsedTime(startedAt).TotalSeconds;
        heard?.Invoke(output);
        return seconds;
    }

    private static long CountLines(string file)
    {
        using FileStream stream = File.OpenRead(file);
        byte[] buffer = new byte[1 << 20];
        long lines = 0;
        for (int read; (read = stream.Read(buffer)) > 0;)
            lines += buffer.AsSpan(0, read).Count((byte)'\n');
        return lines;
    }
}
