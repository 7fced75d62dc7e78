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
        Assert.All(["--short", "--only", "--rounds", "--json", "--records-in-ledger", Parts.HundredMillion, .. Parts.AllReads], option => Assert.Contains(option, output));
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

    [Fact]
    public async Task A_full_ledger_is_a_run_by_itself_on_a_disk_that_can_hold_it()
    {
        (int exitCode, _, string errors) = await RunBenchAsync("--only", "hundred-million,echo-25", "--records-in-ledger", "49999");
        Assert.Equal(1, exitCode);
        Assert.Contains("--only hundred-million is a run by itself", errors);
        Assert.Contains("--records-in-ledger must be from 50000 to 1000000000.", errors);

        (exitCode, _, errors) = await RunBenchAsync("--only", "hundred-million", "--records-in-ledger", "1000000000", "--data", "/proc");
        Assert.Equal(1, exitCode);
        Assert.Contains("--data /proc: 0 MB are free; 1,000,000,000 records take up to 100,000 MB.", errors);
    }

    [Fact]
    public async Task A_ledger_is_filled_replayed_killed_and_found_whole()
    {
        string data = Directory.CreateDirectory(Path.Combine(_folder, "data")).FullName;
        string document = Path.Combine(_folder, "document.md");
        string text = $"{FullLedgerReport.Place.Begin}\n{FullLedgerReport.Place.End}\n";
        await File.WriteAllTextAsync(document, text, TestContext.Current.CancellationToken);
        (int exitCode, string output, string errors) = await RunBenchAsync(
            "--only", "hundred-million", "--records-in-ledger", "50000", "--seconds", "0.3", "--warm", "0.3", "--connections", "2", "--streams", "10",
            "--json", "--data", data, "--results", _folder, "--document", document);
        Assert.True(exitCode == 0, errors);

        using JsonDocument result = JsonDocument.Parse(output);
        JsonElement figures = result.RootElement.GetProperty("figures");
        Assert.Equal(5_000, figures.GetProperty("replayed").GetInt64());
        Assert.Equal(5_000, figures.GetProperty("duplicates").GetInt64());
        Assert.True(figures.GetProperty("full").GetProperty("records").GetInt64() >= 50_000);
        Assert.True(result.RootElement.GetProperty("sustainedToEcho").GetDouble() > 0);
        Assert.Equal(3, figures.GetProperty("readySeconds").GetArrayLength());
        JsonElement atRest = figures.GetProperty("atRest");
        Assert.InRange(atRest.GetProperty("acknowledged").GetInt64(), 50_001, atRest.GetProperty("records").GetInt64());
        Assert.True(atRest.GetProperty("diskBytesPerRecord").GetDouble() > 1);
        Assert.True(figures.GetProperty("peakResidentBytes").GetDouble() > 1e6);

        Assert.Equal(output.Trim(), (await File.ReadAllTextAsync(Path.Combine(_folder, "hundred-million.json"), TestContext.Current.CancellationToken)).Trim());
        XElement.Parse(await File.ReadAllTextAsync(Path.Combine(_folder, "hundred-million.svg"), TestContext.Current.CancellationToken));
        Assert.Equal(text, await File.ReadAllTextAsync(document, TestContext.Current.CancellationToken)); // too few records for it
        Assert.Empty(Directory.EnumerateFileSystemEntries(data));
    }

    [Fact]
    public async Task Reads_are_a_run_by_themselves()
    {
        (int exitCode, _, string errors) = await RunBenchAsync("--only", "reads,echo-25");
        Assert.Equal(1, exitCode);
        Assert.Contains("--only reads is a run by itself", errors);

        (exitCode, _, errors) = await RunBenchAsync("--only", "reads-totals,echo-25", "--records-in-ledger", "999");
        Assert.Equal(1, exitCode);
        Assert.Contains("make a run by themselves: leave the other parts out.", errors);
        Assert.Contains("--records-in-ledger must be from 1000 to 100000000.", errors);
    }

    [Fact]
    public async Task A_ledger_is_exported_verified_asked_and_read_while_it_is_written_to()
    {
        string data = Directory.CreateDirectory(Path.Combine(_folder, "data")).FullName;
        (int exitCode, string output, string errors) = await RunBenchAsync(
            "--only", "reads", "--short", "--rounds", "1", "--seconds", "0.5", "--warm", "0.3", "--connections", "2", "--streams", "10",
            "--json", "--data", data, "--results", _folder);
        Assert.True(exitCode == 0, errors);

        using JsonDocument result = JsonDocument.Parse(output);
        JsonElement figures = result.RootElement.GetProperty("figures");
        JsonElement[] commands = [.. figures.GetProperty("records").GetProperty("commands").EnumerateArray()];
        Assert.Equal(3, commands.Length);
        Assert.All(commands, command => Assert.Equal(14_400, command.GetProperty("records").GetInt64()));
        Assert.All(commands, command => Assert.True(command.GetProperty("warmPerSecond").GetDouble() > 0));
        JsonElement[] questions = [.. figures.GetProperty("totals").GetProperty("questions").EnumerateArray()];
        Assert.Contains(questions, question => question.GetProperty("totals").EnumerateArray().Sum(page => page.GetInt32()) == 30_000);
        Assert.All(questions, question => Assert.True(question.GetProperty("serverP50Milliseconds").GetDouble() > 0));
        JsonElement pair = Assert.Single(figures.GetProperty("beside").GetProperty("pairs").EnumerateArray());
        Assert.All(["alone", "beside"], turn => Assert.True(pair.GetProperty(turn).GetProperty("accepted").GetInt64() > 0));
        Assert.All(["verified", "exported", "queries"], read => Assert.True(pair.GetProperty("reads").GetProperty(read).GetInt64() > 0));

        Assert.Equal(output.Trim(), (await File.ReadAllTextAsync(Path.Combine(_folder, "reads.json"), TestContext.Current.CancellationToken)).Trim());
        XElement.Parse(await File.ReadAllTextAsync(Path.Combine(_folder, "reads.svg"), TestContext.Current.CancellationToken));
        Assert.Empty(Directory.EnumerateFileSystemEntries(data));
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
        Assert.Throws<BenchException>(() => LoadProgram.Read(LoadOutput(accepted, 0, failed, lost)));

    [Theory]
    [InlineData(5, 0)]
    [InlineData(0, 7)]
    public void A_load_that_was_answered_in_full_is_read(int accepted, int duplicates)
    {
        LoadFigures figures = LoadProgram.Read(LoadOutput(accepted, duplicates, 0, ""));
        Assert.Equal((accepted, duplicates, 3, 2.5, 99), (figures.Accepted, figures.Duplicates, figures.AcceptedWhileWarming, figures.Seconds, figures.JudgedPerSecond));
    }

    private static string LoadOutput(int accepted, int duplicates, int failed, string lost) =>
        $$"""
        {
          "verdicts": { "ACCEPTED": {{accepted}}, "DUPLICATE": {{duplicates}} }, "requests": { "missed": 0, "failed": {{failed}} }, "lostConnections": [{{lost}}],
          "acceptedWhileWarming": 3, "acceptedPerSecond": 2, "recordsPerSecond": 99, "elapsedSeconds": 2.5, "processorMicrosecondsPerRequest": 1,
          "latencyMilliseconds": { "p50": 1, "p99": 2, "p999": 3, "max": 4 }
        }
        """;

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
