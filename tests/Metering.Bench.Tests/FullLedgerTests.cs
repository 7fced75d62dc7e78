using System.Xml.Linq;

namespace Metering.Bench.Tests;

/// <summary>What is reckoned from a run with a full ledger, how it is told, and how it shows how far it is.</summary>
public class FullLedgerTests
{
    private static readonly FullLedgerFigures Good = new()
    {
        EchoPerSecond = 1_200_000,
        Early = new RateAt(1_000_000, 800_000),
        Full = new RateAt(100_000_000, 680_000),
        SustainedPerSecond = 600_000,
        Filling = [new RateAt(0, 650_000), new RateAt(650_000, 640_000)],
        Replayed = 10_000_000,
        Duplicates = 10_000_000,
        ReplayPerSecond = 150_000,
        AtHalf = new LoadFigures(1, 0, 340_000, 2, 10, 25, 40, 3, 0),
        EchoAtHalf = new LoadFigures(1, 0, 340_000, 1, 7.77, 8.88, 9, 3, 0),
        StolenShare = 0.125,
        PeakResidentBytes = 600_000_000,
        ResidentBytes = 500_000_000,
        ReadySeconds = [1, 3, 2],
        AtRest = new LedgerAtRest(Records: 120_000_000, Acknowledged: 119_000_000, SealedUuids: 100_000_000, SealedMemoryBytes: 200_000_000, DiskBytes: 120_000_000L * 48),
    };

    public static TheoryData<string> Faults => [.. Worse.Keys];

    private static Dictionary<string, FullLedgerFigures> Worse => new()
    {
        ["as a part of the rate"] = Good with { Full = new RateAt(100_000_000, 679_000) },
        ["sustained"] = Good with { SustainedPerSecond = 599_000 },
        ["answered DUPLICATE"] = Good with { Duplicates = 9_999_999 },
        ["sent again, records/s"] = Good with { ReplayPerSecond = 149_000 },
        ["p99"] = Good with { AtHalf = Good.AtHalf with { Missed = 1 } },
        ["p99.9"] = Good with { AtHalf = Good.AtHalf with { P999Milliseconds = 25.1 } },
        ["resident memory"] = Good with { PeakResidentBytes = 600_100_000 },
        ["memory of the index"] = Good with { AtRest = Good.AtRest with { SealedMemoryBytes = 201_000_000 } },
        ["disk"] = Good with { AtRest = Good.AtRest with { DiskBytes = 121_000_000L * 48 } },
        ["kill -9"] = Good with { ReadySeconds = [1, 1, 3.01] },
    };

    [Fact]
    public void What_is_just_within_its_bound_holds() => Assert.All(Result(Good).Targets, target => Assert.True(target.Holds, target.What));

    [Theory]
    [MemberData(nameof(Faults))]
    public void What_is_beyond_its_bound_falls_short(string what)
    {
        IEnumerable<Target> failed = Result(Worse[what]).Targets.Where(target => !target.Holds);
        Assert.Contains(failed, target => target.What.Contains(what));
        Assert.InRange(failed.Count(), 1, what == "p99" ? 2 : 1); // a rate that is not kept has no latency at all
    }

    [Fact]
    public void What_was_never_sealed_takes_no_memory_that_could_be_judged() => Assert.DoesNotContain(
        Result(Good with { AtRest = Good.AtRest with { SealedUuids = 0 } }).Targets, target => target.What.Contains("memory of the index"));

    [Fact]
    public void People_and_programs_get_every_figure()
    {
        FullLedgerResult result = Result(Good);
        string text = FullLedgerReport.Markdown(result);
        Assert.All(
            ["1,200,000", "from 1,000,000 on", "800,000", "**680,000**", "**600,000**", "0.500 × echo", "with 4 connections", "1.00, 3.00, 2.00 s", "2.00 bytes", "p99 7.77 ms, p99.9 8.88 ms", "12.5"],
            figure => Assert.Contains(figure, text));
        Assert.DoesNotContain("falls short", text);
        using var json = System.Text.Json.JsonDocument.Parse(FullLedgerReport.Json(result));
        Assert.Equal(0.85, json.RootElement.GetProperty("fullToEarly").GetDouble(), 9);
        Assert.Equal(2, json.RootElement.GetProperty("figures").GetProperty("filling").GetArrayLength());
        Assert.Contains("800,000", XElement.Parse(FullLedgerReport.Chart(result)).Value);
    }

    [Fact]
    public void In_a_terminal_the_line_is_written_over_elsewhere_it_comes_now_and_then()
    {
        var time = new SteppingTime();
        using var terminal = new StringWriter { NewLine = "\n" };
        using var pipe = new StringWriter { NewLine = "\n" };
        foreach ((StringWriter target, bool isTerminal) in new[] { (terminal, true), (pipe, false) })
        {
            var line = new RewrittenLine(target, isTerminal, time);
            line.Show("one");
            time.Now += RewrittenLine.Pause;
            line.Show("two");
            line.Show("three");
            line.Say("end");
            line.Say("more");
        }

        Assert.Equal("\rone\e[K\rtwo\e[K\rthree\e[K\rend\e[K\nmore\n", terminal.ToString());
        Assert.Equal("two\nend\nmore\n", pipe.ToString());
    }

    private static FullLedgerResult Result(FullLedgerFigures figures)
    {
        BenchResult sample = SampleResult.Make();
        return new FullLedgerResult(sample.Options, sample.Machine, sample.Started, figures);
    }

    private sealed class SteppingTime : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
