using System.Text.Json;
using Metering.Load;

namespace Metering.Cli.Tests;

public sealed class BenchCommandTests : IDisposable
{
    private readonly CommandLine _line = new() { Time = TimeProvider.System };

    public void Dispose() => _line.Dispose();

    [Fact]
    public async Task It_measures_and_leaves_nothing_behind()
    {
        Directory.CreateDirectory(Path.Combine(_line.Folder, "disk"));
        Outcome outcome = await _line.RunAsync("bench", "--seconds", "0.3", "--data", "disk", "--output", "json");

        Assert.True(outcome.ExitCode == 0, outcome.Error);
        JsonElement figures = JsonElement.Parse(outcome.Output);
        foreach (string name in new[] { "recordsPerSecond", "recordsPerSecondOneEach", "fdatasyncMilliseconds", "bytesPerRecord", "records" })
            Assert.True(figures.GetProperty(name).GetDouble() > 0, name);
        JsonElement half = figures.GetProperty("atHalfRate");
        Assert.Equal(figures.GetProperty("recordsPerSecond").GetDouble() / 2, half.GetProperty("recordsPerSecond").GetDouble());
        Assert.InRange(half.GetProperty("p50Milliseconds").GetDouble(), 0, half.GetProperty("p99Milliseconds").GetDouble());
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(_line.Folder, "disk")));
        // In a pipe, a line for each measurement that is done.
        string[] lines = [.. outcome.Error.Split('\n').Where(line => line.Contains(": "))];
        Assert.Equal(
            ["The disk", "Warming up", "25 records a request", "1 record a request", "Half of the rate"],
            lines.Select(line => line.Split(':')[0]).Intersect(["The disk", "Warming up", "25 records a request", "1 record a request", "Half of the rate"]));
        Assert.DoesNotContain('\r', outcome.Error.Replace("\r\n", "\n"));
    }

    [Fact]
    public void At_a_terminal_one_line_says_how_far_it_is_and_goes_away()
    {
        var time = new SteppingTime();
        using var line = new CommandLine { IsTerminal = true, Time = time };
        using var error = new StringWriter();
        var progress = new BenchProgress(line.MakeTerminal(TextWriter.Null, error), totalSeconds: 1000);
        progress.Begin("25 records a request");
        time.Now += TimeSpan.FromSeconds(500);
        progress.Show(new LoadProgress(1, 700_000, 712_345, 700_000, 12_345, 0));
        progress.End("unused: the table says it");

        string[] drawn = error.ToString().Split('\r');
        Assert.Equal(4, drawn.Length);
        Assert.Equal("░░░░░░░░░░░░░░░░░░░░░░░░ 25 records a request, about 1,000 s left\e[K", drawn[1]);
        Assert.Equal("████████████░░░░░░░░░░░░ 25 records a request: 712,345 records/s, about 500 s left\e[K", drawn[2]);
        Assert.Equal("\e[K", drawn[3]);
        Assert.DoesNotContain('\n', error.ToString());
    }

    [Fact]
    public async Task It_touches_no_ledger_that_is_there()
    {
        string ledger = _line.Write("metering-data/ledger.db", "somebody's");
        using var interrupted = new CancellationTokenSource();
        await interrupted.CancelAsync();
        _line.Interrupted = interrupted.Token;
        Outcome outcome = await _line.RunAsync("bench", "--data", "metering-data");

        Assert.Equal(130, outcome.ExitCode);
        Assert.Equal([ledger], Directory.EnumerateFileSystemEntries(Path.Combine(_line.Folder, "metering-data")));
        Assert.Equal("somebody's", _line.Read("metering-data/ledger.db"));
    }

    [Theory]
    [InlineData("--seconds", "0", "--seconds is 0: 0.2 to 3600 is allowed.")]
    [InlineData("--data", "no-such-folder", "no-such-folder: there is no such folder.")]
    public async Task What_cannot_be_measured_is_refused_in_words(string option, string value, string message)
    {
        Outcome outcome = await _line.RunAsync("bench", option, value);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(message, outcome.Error);
    }

    [Fact]
    public void The_table_says_what_the_figures_mean()
    {
        using var output = new StringWriter();
        BenchReport.Write(
            new BenchFigures(5, 2, 1_000_000, 40_000, new BenchLatency(500_000, 1.234, 5.678, 9, Missed: 0), 0.11, 21, 12_345_678),
            _line.MakeTerminal(output, TextWriter.Null));

        Assert.Contains("1,000,000 records/s", output.ToString());
        Assert.Contains("86.4 billion records a day", output.ToString());
        Assert.Contains("3.5 billion records a day", output.ToString());
        Assert.Contains("5.68 ms", output.ToString());
        Assert.Contains("1,814 GB for a day", output.ToString());
    }

    private sealed class SteppingTime : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
