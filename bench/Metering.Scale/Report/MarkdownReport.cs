using System.Globalization;
using System.Text;

namespace Metering.Scale;

/// <summary>The tables of docs/scale.md.</summary>
internal static class MarkdownReport
{
    public static string Of(StudyResult result)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"Simulated by `bench/scale.sh`, seed {result.Seed}. ");
        text.Append(CultureInfo.InvariantCulture, $"Every machine is planned to be used to {CapacityPlanner.Part:P0}; ");
        text.Append("latencies are those of whole requests. Figures that the runs reckon with:\n\n");
        Table(text, ["option", "is", "value", "origin"], FigureOption.All.Select(option => new[]
        {
            $"`--{option.Name}`", option.What, Number(option.Get(result.Figures)), option.Origin,
        }));
        text.Append("### What a rate takes\n\n");
        Table(text, PlanTitles, result.Plans.Select(Plan));
        foreach (Cluster plan in result.NotEnough)
        {
            text.Append(CultureInfo.InvariantCulture, $"- {Rate(plan.RecordsPerSecond)} records/s, {Names.Of(plan.Layout)}: ");
            text.Append(CultureInfo.InvariantCulture, $"no number of machines carries it ({plan.Nodes} nodes and {plan.Databases} databases do not).\n");
        }

        text.Append('\n');
        text.Append("### More and more databases, each with the same load\n\n");
        Table(text, PlanTitles, result.Growth.Select(Plan));
        text.Append("### Rows that lanes share\n\n");
        Table(
            text,
            ["10 million records/s on Citus", "answered/s", "p50 ms", "p99 ms", "lanes' time spent waiting for rows"],
            result.Rows.Select(scene => new[]
            {
                scene.Name, Rate(scene.Outcome.AnsweredPerSecond), Milliseconds(scene.Outcome, 0.5), Milliseconds(scene.Outcome, 0.99), Percent(scene.Outcome.RowWaits),
            }));
        text.Append("### What a failure does, at half a million records/s\n\n");
        Table(
            text,
            [
                "what fails", "layout", "nodes", "databases", "p50 ms", "p99 ms", "records above 100 ms", "requests above 100 ms", "longest s",
                "answered DUPLICATE", "lost, or counted twice",
            ],
            result.Failures.Select(Failed));
        return text.ToString();
    }

    private static readonly string[] PlanTitles =
    [
        "records/s", "layout", "nodes", "databases", "answered/s", "p50 ms", "p99 ms", "records a group", "nodes used", "databases used",
        "connections a database", "used the most",
    ];

    private static string[] Plan(Scene scene)
    {
        Outcome outcome = scene.Outcome;
        (string busiest, double part) = outcome.Busiest;
        return
        [
            Rate(outcome.Cluster.RecordsPerSecond), scene.Name, $"{outcome.Cluster.Nodes}", $"{outcome.Cluster.Databases}",
            outcome.KeepsUp ? Rate(outcome.AnsweredPerSecond) : $"**{Rate(outcome.AnsweredPerSecond)}**",
            outcome.KeepsUp ? Milliseconds(outcome, 0.5) : "grows", outcome.KeepsUp ? Milliseconds(outcome, 0.99) : "grows",
            outcome.GroupRecords.ToString("N0", CultureInfo.InvariantCulture), Percent(outcome.NodeProcessors), Percent(outcome.DatabaseProcessors),
            outcome.Cluster.ConnectionsPerDatabase(outcome.Figures).ToString("N0", CultureInfo.InvariantCulture), $"{busiest}, {Percent(part)}",
        ];
    }

    private static string[] Failed(Scene scene)
    {
        const double Noticed = 0.1;
        Outcome outcome = scene.Outcome;
        double above = outcome.Latency.PartAbove(Noticed);
        return
        [
            Names.Of(outcome.Cluster.Failure), scene.Name, $"{outcome.Cluster.Nodes}", $"{outcome.Cluster.Databases}", Milliseconds(outcome, 0.5),
            Milliseconds(outcome, 0.99), Percent(above), Percent(1 - Math.Pow(1 - above, outcome.PartsOfRequest)),
            outcome.Latency.Longest.ToString("F2", CultureInfo.InvariantCulture),
            outcome.Duplicates.ToString("N0", CultureInfo.InvariantCulture),
            (outcome.Arrived - outcome.Accepted - outcome.Uncounted).ToString("N0", CultureInfo.InvariantCulture),
        ];
    }

    private static void Table(StringBuilder text, IReadOnlyList<string> titles, IEnumerable<string[]> rows)
    {
        text.Append("| ").AppendJoin(" | ", titles).Append(" |\n|").Insert(text.Length, "---|", titles.Count).Append('\n');
        foreach (string[] row in rows)
            text.Append("| ").AppendJoin(" | ", row).Append(" |\n");
        text.Append('\n');
    }

    private static string Number(double value) => value.ToString("#,0.###", CultureInfo.InvariantCulture);

    private static string Percent(double part) => part.ToString(part is > 0 and < 0.01 ? "P1" : "P0", CultureInfo.InvariantCulture);

    private static string Milliseconds(Outcome outcome, double part) => (outcome.RequestQuantile(part) * 1e3).ToString("F1", CultureInfo.InvariantCulture);

    // Three digits that mean something.
    private static string Rate(double rate)
    {
        double step = Math.Pow(10, Math.Max(0, Math.Floor(Math.Log10(Math.Max(rate, 1))) - 2));
        return (Math.Round(rate / step) * step).ToString("N0", CultureInfo.InvariantCulture);
    }
}
