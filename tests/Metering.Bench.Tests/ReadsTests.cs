using System.Text.Json;
using System.Xml.Linq;
using Metering.Load;

namespace Metering.Bench.Tests;

/// <summary>What is reckoned from a run that reads, and how it is told.</summary>
public class ReadsTests
{
    private static readonly ReadsFigures Good = new()
    {
        Records = new RecordsRead(1_000_000, 100,
        [
            new CommandTimes("metering export --format csv", 1_000_000, 2, [1.9, 2, 3]),
            new CommandTimes("metering verify", 1_000_000, 1, [0.5, 1, 0.8]),
        ]),
        Totals = new MonthRead(7_200_000, 10_000,
        [
            new QuestionTimes("days by SKU", [300], [100, 120, 110], [150, 200, 900]),
            new QuestionTimes("hours by series", [10_000, 10_000], [30, 20, 10], [60, 50, 40]),
        ]),
        Beside = new WritesBesideReads(1_000_000, 5, [Pair(100, 80), Pair(200, 190), Pair(100, 10)]),
        StolenShare = 0.125,
    };

    public static TheoryData<string> Faults => [.. Worse.Keys];

    private static Dictionary<string, ReadsFigures> Worse => new()
    {
        ["export --format csv, a server just started"] = With(new CommandTimes("metering export --format csv", 1_000_000, 2.01, [1])),
        ["export --format csv, asked before"] = With(new CommandTimes("metering export --format csv", 1_000_000, 1, [2.01])),
        ["metering verify, asked before"] = With(new CommandTimes("metering verify", 1_000_000, 1, [1.01])),
        ["days by SKU"] = Good with { Totals = Good.Totals! with { Questions = [new QuestionTimes("days by SKU", [1], [1], [201])] } },
        ["writes with reads"] = Good with { Beside = Good.Beside! with { Pairs = [Pair(100, 79)] } },
    };

    [Fact]
    public void What_is_just_within_its_bound_holds() => Assert.All(Result(Good).Targets, target => Assert.True(target.Holds, target.What));

    [Theory]
    [MemberData(nameof(Faults))]
    public void What_is_beyond_its_bound_falls_short(string what) =>
        Assert.Contains(what, Assert.Single(Result(Worse[what]).Targets, target => !target.Holds).What);

    [Fact]
    public void What_was_left_out_is_not_judged()
    {
        ReadsResult result = Result(new ReadsFigures { Totals = Good.Totals });
        Assert.Equal(2, result.Targets.Count);
        Assert.DoesNotContain("metering export", ReadsReport.Markdown(result));
        XElement.Parse(ReadsReport.Chart(result));
    }

    [Fact]
    public void People_and_programs_get_every_figure()
    {
        ReadsResult result = Result(Good);
        string text = ReadsReport.Markdown(result);
        Assert.All(
            ["**500,000**", "500,000 ", "1,250,000", "thirty days of 10,000 series, 7,200,000 records", "10,000 + 10,000", "**200 ms**", "0.800 × writes alone", "12.5", "3 pairs of turns of 5 s", "1,000 \n"],
            figure => Assert.Contains(figure.Trim(), text));
        Assert.DoesNotContain("falls short", text);
        using var json = JsonDocument.Parse(ReadsReport.Json(result));
        JsonElement figures = json.RootElement.GetProperty("figures");
        Assert.Equal(500_000, figures.GetProperty("records").GetProperty("commands")[0].GetProperty("warmPerSecond").GetDouble());
        Assert.Equal(110, figures.GetProperty("totals").GetProperty("questions")[0].GetProperty("storeP50Milliseconds").GetDouble());
        Assert.Equal(0.8, figures.GetProperty("beside").GetProperty("part").GetDouble(), 9);
        Assert.Contains("1,250,000", XElement.Parse(ReadsReport.Chart(result)).Value);
    }

    [Theory]
    [InlineData(100, 1_000_000, 14)]
    [InlineData(20, 14_400, 1)]
    [InlineData(20, 14_401, 2)]
    public void A_month_has_as_many_records_as_are_wanted_at_least(int series, long records, int hourRecords)
    {
        MonthOfUsage month = MonthOfUsage.OfRecords(series, records);
        Assert.Equal(hourRecords, month.HourRecords);
        Assert.InRange(month.Records, records, records + (series * 720L) - 1);
    }

    private static ReadsFigures With(CommandTimes command) => Good with { Records = Good.Records! with { Commands = [command] } };

    private static WritePair Pair(double alone, double beside) => new(
        new LoadFigures(1, 0, alone, 2, 10, 25, 40, 3, 0), new LoadFigures(1, 0, beside, 2, 10, 25, 40, 3, 0), new ReadsDone(5, 5_000, 10_000, [20, 30, 40]));

    private static ReadsResult Result(ReadsFigures figures)
    {
        BenchResult sample = SampleResult.Make();
        return new ReadsResult(sample.Options, sample.Machine, sample.Started, figures);
    }
}
