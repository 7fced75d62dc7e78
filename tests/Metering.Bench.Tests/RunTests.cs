using System.Diagnostics;
using System.Text.Json;
using System.Xml.Linq;

namespace Metering.Bench.Tests;

/// <summary>The command as a person types it, with the shortest run there can be.</summary>
public sealed class RunTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("metering-bench-tests-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Help_tells_what_there_is()
    {
        (int exitCode, string output, _) = await RunAsync("bash", Checkout.PathOf("bench/run.sh"), "--help");
        Assert.Equal(0, exitCode);
        Assert.All(["--short", "--only", "--rounds", "--json"], option => Assert.Contains(option, output));
        Assert.All(Parts.All, part => Assert.Contains(part, output));
    }

    [Fact]
    public async Task A_run_measures_what_was_asked_for_and_leaves_nothing_behind()
    {
        string data = Directory.CreateDirectory(Path.Combine(_folder, "data")).FullName;
        (int exitCode, string output, string errors) = await RunBenchAsync(
            "--short", "--rounds", "1", "--seconds", "0.3", "--warm", "0.3", "--connections", "2", "--streams", "10",
            "--only", "echo-25", "server-25", "server-1", "sqlite,disk", "--json", "--data", data, "--results", _folder);
        Assert.True(exitCode == 0, errors);

        using JsonDocument document = JsonDocument.Parse(output);
        JsonElement[] contenders = [.. document.RootElement.GetProperty("contenders").EnumerateArray()];
        Assert.Equal(["echo-25", "server-25", "server-1", "sqlite", "disk"], contenders.Select(contender => contender.GetProperty("name").GetString()));
        Assert.All(contenders, contender => Assert.True(contender.GetProperty("recordsPerSecond").GetDouble() > 0));
        JsonElement turn = contenders[1].GetProperty("turns")[0];
        Assert.True(turn.GetProperty("allocatedBytesPerRecord").GetDouble() > 0);
        Assert.True(turn.GetProperty("peakResidentBytes").GetDouble() > 1e6);
        Assert.True(turn.GetProperty("diskBytesPerRecord").GetDouble() > 1);
        Assert.True(contenders[4].GetProperty("turns")[0].GetProperty("syncMilliseconds").GetDouble() > 0);

        Assert.Equal(output.Trim(), (await File.ReadAllTextAsync(Path.Combine(_folder, "newest.json"), TestContext.Current.CancellationToken)).Trim());
        XElement.Parse(await File.ReadAllTextAsync(Path.Combine(_folder, "newest.svg"), TestContext.Current.CancellationToken));
        Assert.Empty(Directory.EnumerateFileSystemEntries(data));
    }

    [Fact]
    public async Task Latency_is_measured_by_itself_too()
    {
        (int exitCode, string output, string errors) = await RunBenchAsync(
            "--short", "--seconds", "0.3", "--warm", "0.3", "--connections", "2", "--streams", "10", "--only", "latency", "--data", _folder, "--results", _folder);
        Assert.True(exitCode == 0, errors);
        Assert.Contains("one request in flight, p50", output);
        Assert.Contains("p99.9", output);
    }

    [Fact]
    public async Task Everything_wrong_is_said_at_once()
    {
        (int exitCode, _, string errors) = await RunBenchAsync("--rounds", "0", "--streams", "101", "--only", "postgress", "--data", "/no/such/folder");
        Assert.Equal(1, exitCode);
        string[] lines = errors.Trim().Split('\n');
        Assert.Equal(4, lines.Length);
        Assert.Contains(lines, line => line.StartsWith("--only postgress: there is no such part. There are: echo-25"));
        Assert.Contains("--streams must be from 1 to 100: more are not allowed on one connection.", lines);
    }

    [Theory]
    [InlineData("number of clients: 4\ntps = 4321.5 (without initial connection time)\n", 4321.5)]
    [InlineData("tps = 12 (including reconnection times)", 12)]
    public void The_rate_of_pgbench_is_read(string output, double transactions) =>
        Assert.Equal(transactions, PostgresContender.ReadTransactions(output));

    [Fact]
    public void An_output_of_pgbench_without_a_rate_is_a_fault() =>
        Assert.Contains("no transactions", Assert.Throws<BenchException>(() => PostgresContender.ReadTransactions("pgbench: error")).Message);

    [Theory]
    [InlineData(5, 1, "")]
    [InlineData(5, 0, "\"lost\"")]
    [InlineData(0, 0, "")]
    public void A_load_that_was_not_answered_in_full_is_a_fault(int accepted, int failed, string lost) =>
        Assert.Throws<BenchException>(() => LoadProgram.Read(
            $$"""{ "verdicts": { "ACCEPTED": {{accepted}} }, "requests": { "missed": 0, "failed": {{failed}} }, "lostConnections": [{{lost}}] }"""));

    private static Task<(int ExitCode, string Output, string Errors)> RunBenchAsync(params string[] arguments) =>
        RunAsync("dotnet", [Checkout.PathOf("artifacts/bin/Metering.Bench/release/Metering.Bench.dll"), .. arguments]);

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await errors);
    }
}
