namespace Metering.Attacks.Tests;

/// <summary>What is said of an attack follows from what was measured.</summary>
public class ResultTests
{
    private static readonly Phase Alone = new(P99Milliseconds: 4, PeakBytes: 100_000_000, Sent: 250, Acknowledged: 250, Counted: 250, Fault: null);

    [Fact]
    public void At_the_bounds_it_holds() => Assert.True(Result(Alone with { P99Milliseconds = 8, PeakBytes = 150_000_000 }).Holds);

    [Fact]
    public void Beyond_a_bound_it_does_not()
    {
        Assert.False(Result(Alone with { P99Milliseconds = 8.1 }).Holds);
        Assert.False(Result(Alone with { PeakBytes = 150_100_000 }).Holds);
        Assert.False(Result(Alone with { Counted = 249 }).Holds);
        Assert.False(Result(Alone with { Counted = 251 }).Holds);
        Assert.False(Result(Alone with { Acknowledged = 249, Counted = 249 }).Holds);
        Assert.False(Result(Alone with { Fault = "1 reset" }).Holds);
    }

    [Fact]
    public void What_an_attack_leaves_behind_does_not_excuse_it()
    {
        AttackResult result = Result(Alone with { PeakBytes = 300_000_000 }) with { Alone = [Alone, Alone with { PeakBytes = 300_000_000 }] };
        Assert.Equal(3, result.MemoryRatio);
        Assert.False((result with { Alone = [Alone, Alone with { Counted = 249 }] }).IsAllCounted);
    }

    [Fact]
    public void Medians_of_the_rounds_are_compared_and_all_their_memory_and_records()
    {
        AttackResult result = Result(Alone) with
        {
            Alone = [Alone, Alone with { P99Milliseconds = 6 }, Alone with { P99Milliseconds = 100 }, Alone],
            During = [Alone with { P99Milliseconds = 90 }, Alone with { P99Milliseconds = 7, PeakBytes = 140_000_000 }, Alone with { P99Milliseconds = 9 }],
        };
        Assert.Equal((5, 9, 1.8), (result.P99WithoutMilliseconds, result.P99WithMilliseconds, result.P99Ratio));
        Assert.Equal(140_000_000, result.MemoryPeakBytes);
        Assert.Equal((750, 750, 750), result.Records);
        Assert.True(result.Holds);
        AttackCounts twice = AttackCounts.Sum([result.Attacker, result.Attacker]);
        Assert.Equal((40, 10), (twice.Units, twice.UnitsPerSecond));
    }

    [Fact]
    public void The_table_has_a_row_for_every_attack()
    {
        string table = MarkdownTable.Of([Result(Alone), Result(Alone with { P99Milliseconds = 9 })], Options());
        Assert.Contains("| ping-flood | 10 frames, 0.01 MB, 1 connections | 4.0 → 4.0 ms | 1.00 | 100 → 100 MB | 1.00 | 250 of 250 | holds |", table);
        Assert.Contains("| 4.0 → 9.0 ms | 2.25 | 100 → 100 MB | 1.00 | 250 of 250 | **p99** |", table);
        Assert.Contains("1 of 2 attacks hold", table);
    }

    [Fact]
    public void Scripts_get_the_figures_as_json()
    {
        var json = System.Text.Json.Nodes.JsonNode.Parse(JsonReport.Of([Result(Alone with { P99Milliseconds = double.PositiveInfinity, Fault = "no connection" })], Options()))!;
        Assert.Equal("ping-flood", (string)json["attacks"]![0]!["name"]!);
        Assert.False((bool)json["attacks"]![0]!["holdsP99"]!);
        Assert.Equal("no connection", (string)json["attacks"]![0]!["faults"]![0]!);
    }

    private static AttackResult Result(Phase during) => new(
        new PingFlood(), new AttackCounts(Seconds: 2, Units: 20, Bytes: 20_000, Opened: 2, Closed: 0, Unconnected: 0, RefusedStreams: 0, []),
        Alone: [Alone, Alone], During: [during], ResidentAfterBytes: 100_000_000);

    private static AttackOptions Options() => new()
    {
        Checkout = "/", Attacks = [], Seconds = 2, Rounds = 1, WarmSeconds = 2, WritesPerSecond = 10, IsJson = false, Document = null,
    };
}
