using System.Text.Json;
using Metering.Load;

namespace Metering.Bench.Tests;

/// <summary>What is reckoned from the turns, and how it is told.</summary>
public class ResultTests
{
    [Theory]
    [InlineData(new double[] { 7 }, 7)]
    [InlineData(new double[] { 9, 1, 5 }, 5)]
    [InlineData(new double[] { 4, 1, 3, 100 }, 3.5)]
    public void The_median_is_the_middle_whatever_the_order(double[] figures, double median) => Assert.Equal(median, Median.Of(figures));

    [Fact]
    public void There_is_no_median_of_nothing() => Assert.Throws<ArgumentException>(() => Median.Of([]));

    [Fact]
    public void Ratios_are_of_turns_of_one_round()
    {
        BenchResult result = SampleResult.Make();
        // The quotients of the medians would be 0.9 and 9.
        Assert.Equal(0.8, result.RatioOf(Parts.ServerFull, Parts.EchoFull));
        Assert.Equal(10, result.RatioOf(Parts.ServerFull, Parts.Postgres));
        Assert.Null(result.RatioOf(Parts.ServerSingle, Parts.EchoSingle));
    }

    [Fact]
    public void A_figure_that_only_some_turns_tell_is_the_median_of_those()
    {
        ContenderTurns server = SampleResult.Make().Find(Parts.ServerFull)!;
        Assert.Equal(47, server.MedianOf(turn => turn.DiskBytesPerRecord));
        Assert.Equal(41, server.MedianOf(turn => turn.AllocatedBytesPerRecord));
        Assert.Null(server.MedianOf(turn => turn.SyncMilliseconds));
    }

    [Fact]
    public void The_disk_counts_in_records_of_the_servers_own_size()
    {
        ContenderTurns disk = new(Parts.Disk, "", [new Turn(1) { BytesPerSecond = 4800 }]);
        Assert.Equal(100, DiskContender.CountRecords([disk]).Single().RecordsPerSecond);
        ContenderTurns server = new(Parts.ServerFull, "", [new Turn(5) { DiskBytesPerRecord = 24 }]);
        ContenderTurns[] counted = DiskContender.CountRecords([server, disk]);
        Assert.Equal([5, 200], counted.Select(contender => contender.RecordsPerSecond));
    }

    [Fact]
    public void Every_target_is_judged_by_its_bound()
    {
        IReadOnlyList<Target> targets = Target.Of(SampleResult.Make(SampleResult.Latency(single: 2.3, p99: 10.1, p999: 25)));
        Assert.Equal(
            [true, false, true, false, true, true, true, false],
            targets.Select(target => target.Holds));
        Assert.Equal("10.00 × PostgreSQL", targets[1].Measured);
        Assert.Equal("≤ 2.3 ms", targets[2].Bound);
        Assert.Equal("500 MB", targets[5].Measured);
    }

    [Fact]
    public void A_rate_that_was_not_kept_holds_no_target_of_latency()
    {
        BenchResult result = SampleResult.Make(SampleResult.Latency(single: 1, p99: 1, p999: 1, missed: 7));
        Assert.All(Target.Of(result).Where(target => target.What.Contains("p99")), target => Assert.False(target.Holds));
        Assert.Contains("7 requests could not even be sent", MarkdownReport.Of(result));
    }

    [Theory]
    [InlineData(0.4999, 0.5, "0.49", false)]
    [InlineData(0.29, 0.29, "0.29", true)]
    [InlineData(1234.567, 0.5, "1,234.56", true)]
    public void A_figure_that_is_to_be_high_is_not_rounded_up(double figure, double bound, string shown, bool holds) =>
        Assert.Equal((shown, holds), Judge(Target.AtLeast("", figure, bound, "")));

    [Theory]
    [InlineData(10.01, 10, "10.1", false)]
    [InlineData(2.3, 2.3, "2.3", true)]
    [InlineData(double.PositiveInfinity, 10, "Infinity", false)]
    public void A_figure_that_is_to_be_low_is_not_rounded_down(double figure, double bound, string shown, bool holds) =>
        Assert.Equal((shown, holds), Judge(Target.AtMost("", figure, bound, "")));

    private static (string Shown, bool Holds) Judge(Target target) => (target.Measured, target.Holds);

    [Fact]
    public void What_was_not_measured_is_not_judged() =>
        Assert.DoesNotContain(Target.Of(SampleResult.Make()), target => target.What.Contains("p99") || target.What.Contains("1 a request"));

    [Theory]
    [InlineData("cpu  10 0 10 60 0 0 0 20 5 5", 0.2)]
    [InlineData("cpu  100 0 0 0 0 0 0 0 0 0", 0)]
    [InlineData("cpu  0 0 0 0 0 0 0 0 0 0", 0)]
    public void Time_that_the_host_took_is_a_part_of_all_time(string after, double share) =>
        Assert.Equal(share, ProcessorTheft.ShareBetween(ProcessorTheft.Parse("cpu  0 0 0 0 0 0 0 0 0 0"), ProcessorTheft.Parse(after)), 9);

    [Fact]
    public void Time_that_the_host_took_is_known_here() => Assert.InRange(new ProcessorTheft().Share, 0, 1);

    [Fact]
    public void Latencies_stand_beside_those_of_the_echo_and_say_how_many_connections_made_them()
    {
        LatencyFigures latency = SampleResult.Latency(2, 9, 20);
        BenchResult result = SampleResult.Make(latency with { EchoAtHalf = latency.AtHalf with { P99Milliseconds = 7.77 } }) with { StolenShare = 0.125 };
        string text = MarkdownReport.Of(result);
        Assert.Contains($"with {LatencyRun.HalfConnections} connections: p50", text);
        Assert.Contains("The echo, with the same load: p50 2.00 ms, p99 7.77 ms", text);
        Assert.Contains("took 12.5", text);
    }

    [Fact]
    public void The_json_document_has_every_turn()
    {
        using JsonDocument document = JsonDocument.Parse(JsonReport.Of(SampleResult.Make(SampleResult.Latency(2, 9, 20))));
        JsonElement server = document.RootElement.GetProperty("contenders")[1];
        Assert.Equal("server-25", server.GetProperty("name").GetString());
        Assert.Equal(900_000, server.GetProperty("recordsPerSecond").GetDouble());
        Assert.Equal(3, server.GetProperty("turns").GetArrayLength());
        Assert.Equal(20, document.RootElement.GetProperty("latency").GetProperty("atHalf").GetProperty("p999Milliseconds").GetDouble());
    }

    [Fact]
    public void The_tables_have_a_row_for_every_contender_and_every_target()
    {
        BenchResult result = SampleResult.Make(SampleResult.Latency(2, 9, 20));
        string[] rows = [.. MarkdownReport.Of(result).Split('\n').Where(line => line.StartsWith('|'))];
        const int titlesAndRules = 4;
        Assert.Equal(result.Contenders.Count + Target.Of(result).Count + titlesAndRules, rows.Length);
        Assert.Contains(rows, row => row.Contains("**900,000**") && row.Contains("800,000 – 1,000,000") && row.Contains("0.80"));
        Assert.All(rows.Take(6), row => Assert.Equal(rows[0].Length, row.Length));
        Assert.Equal(5 + 1, rows[0].Count(character => character == '|'));
    }
}
