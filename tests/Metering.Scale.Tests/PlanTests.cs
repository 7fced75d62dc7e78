using System.Text.Json;
using Metering.Bench.Places;

namespace Metering.Scale.Tests;

/// <summary>Plans, the program that makes them, and the page that shows them.</summary>
public class PlanTests
{
    [Theory]
    [InlineData(nameof(Layout.Spread), 1e6)]
    [InlineData(nameof(Layout.PerDatabase), 1e6)]
    [InlineData(nameof(Layout.Routed), 1e6)]
    [InlineData(nameof(Layout.Routed), 1e7)]
    public void A_plan_carries_its_rate_and_does_not_with_far_fewer_processors(string layout, double rate)
    {
        var figures = new Figures();
        Cluster plan = CapacityPlanner.Plan(Enum.Parse<Layout>(layout), rate, figures) with { Seconds = 0.5 };
        Outcome outcome = SimulatedCluster.Run(plan, figures);
        Assert.True(outcome.KeepsUp);
        Assert.InRange(outcome.DatabaseProcessors, 0.3, 0.8);

        Outcome fewer = SimulatedCluster.Run(plan, figures with { DatabaseCores = figures.DatabaseCores / 4 });
        Assert.False(fewer.KeepsUp);
    }

    [Fact]
    public void A_group_that_touches_every_database_costs_more_with_each()
    {
        var figures = new Figures();
        double With(Layout layout, int databases) =>
            CapacityPlanner.MicrosecondsPerRecord(new Cluster(layout, 4, databases, 1e6), figures, records: 1000);
        Assert.True(With(Layout.Spread, 64) > With(Layout.Spread, 8) * 2);
        Assert.Equal(With(Layout.Routed, 8), With(Layout.Routed, 64));
    }

    [Fact]
    public void The_result_is_told_in_json_and_in_tables()
    {
        StudyResult result = new(new Figures(), 3, [Scene(Failure.None)], [new Cluster(Layout.Single, 2, 1, 1e8)], [], [Scene(Failure.None)], [Scene(Failure.NodeLost)]);
        using JsonDocument document = JsonDocument.Parse(JsonReport.Of(result));
        JsonElement plan = Assert.Single(document.RootElement.GetProperty("plans").EnumerateArray());
        Assert.Equal("routed", plan.GetProperty("layout").GetString());
        Assert.True(plan.GetProperty("p99Milliseconds").GetDouble() >= plan.GetProperty("p50Milliseconds").GetDouble());
        string tables = MarkdownReport.Of(result);
        Assert.Contains("| a node is lost | a scene |", tables);
        Assert.Contains("100,000,000 records/s, one primary: no number of machines", tables);
        Assert.All(tables.Split('\n').Where(line => line.StartsWith('|')), line => Assert.EndsWith("|", line));
    }

    [Fact]
    public async Task Options_out_of_range_are_reported_together_and_nothing_is_run()
    {
        bool isRun = false;
        ScaleException fault = await Assert.ThrowsAsync<ScaleException>(() => new ScaleCommand().Create((_, _) =>
        {
            isRun = true;
            return Task.FromResult(0);
        }).Parse(["--lanes", "0", "--node-cores", "1.5", "--rate", "5", "--flush-ms", "NaN", "--document", "/nowhere/at/all.md"])
            .InvokeAsync(new() { EnableDefaultExceptionHandler = false }, TestContext.Current.CancellationToken));
        Assert.False(isRun);
        foreach (string named in new[] { "--lanes must be a whole number from 1 to 64", "--node-cores", "--rate", "--flush-ms", "--document" })
            Assert.Contains(named, fault.Message);
    }

    [Fact]
    public async Task An_option_reaches_the_figure_that_it_names()
    {
        ScaleOptions? read = null;
        await new ScaleCommand().Create((options, _) =>
        {
            read = options;
            return Task.FromResult(0);
        }).Parse(["--lanes", "5", "--flush-ms", "2.5", "--rate", "2000", "30000", "--seed", "9", "--json"])
            .InvokeAsync(new() { EnableDefaultExceptionHandler = false }, TestContext.Current.CancellationToken);
        Assert.Equal(new Figures { Lanes = 5, FlushMilliseconds = 2.5 }, read!.Figures);
        Assert.Equal([2000, 30000], read.Rates);
        Assert.True(read is { Seed: 9, IsJson: true, Document: null });
    }

    [Fact]
    public void The_page_tells_of_the_figures_that_are_the_defaults()
    {
        string? tables = ScaleCommand.Place.Find(File.ReadAllText(Checkout.PathOf("docs/scale.md")));
        Assert.NotNull(tables);
        string of = MarkdownReport.Of(new StudyResult(new Figures(), 1, [], [], [], [], []));
        foreach (string row in of.Split('\n').Where(line => line.StartsWith("| `--", StringComparison.Ordinal)))
            Assert.Contains(row, tables);
        Assert.Contains("| 100,000,000 | routed |", tables);
        Assert.Null(new MarkedPlace("other").Find(tables));
    }

    private static Scene Scene(Failure failure) => new("a scene", SimulatedCluster.Run(
        new Cluster(Layout.Routed, 3, 2, 50_000) { Seconds = 0.3, Failure = failure, FailureAtSeconds = 0.3 }, new Figures { RetrySeconds = 0.05 }));
}
