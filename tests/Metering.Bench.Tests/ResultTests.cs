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

    [Fact]
    public void What_was_not_measured_is_not_judged() =>
        Assert.DoesNotContain(Target.Of(SampleResult.Make()), target => target.What.Contains("p99") || target.What.Contains("1 a request"));

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
