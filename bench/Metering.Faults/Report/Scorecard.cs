using Metering.Bench.Places;

namespace Metering.Faults;

/// <summary>The table of a scenario a row, in Markdown, and its place in a document.</summary>
internal static class Scorecard
{
    /// <summary>Its place in a document.</summary>
    public static readonly MarkedPlace Place = new("faults");

    private const string Head = "| scenario | what is done | times | what is checked each time | result | control |\n|---|---|---|---|---|---|\n";

    /// <summary>The table of what was run.</summary>
    public static string Of(IReadOnlyList<ScenarioResult> results) => Head + string.Concat(results.Select(RowOf));

    /// <summary>Replaces the rows of what was run; the others stay.</summary>
    /// <exception cref="IOException">The document has no place for them.</exception>
    public static void PutInto(string document, IReadOnlyList<ScenarioResult> results) =>
        Place.Put(document, Merge(Place.Find(File.ReadAllText(document)) ?? "", results));

    /// <summary>The table with new rows for what was run.</summary>
    internal static string Merge(string table, IReadOnlyList<ScenarioResult> results)
    {
        var rows = new Dictionary<string, string>();
        foreach (string line in table.Split('\n').Where(line => line.StartsWith("| `")))
            rows[line.Split('`')[1]] = line + "\n";
        foreach (ScenarioResult result in results)
            rows[result.Scenario.Name] = RowOf(result);
        return Head + string.Concat(AllScenarios.List.Select(scenario => rows.GetValueOrDefault(scenario.Name, "")));
    }

    private static string RowOf(ScenarioResult result)
    {
        string outcome = result.Holds ? result.Result : $"**{result.Faults.Count} faults**: {result.Faults[0]} {result.Result}";
        return $"| `{result.Scenario.Name}` | {Cell(result.Scenario.Does)} | {result.Times:#,0} | {Cell(result.Scenario.Checks)} | {Cell(outcome)} | {Cell(result.Control)} |\n";
    }

    private static string Cell(string text) => text.Replace('|', '/').Replace('\n', ' ').Trim();
}
