namespace Metering.Faults;

/// <summary>The table of a scenario a row, in Markdown, and its place in a document.</summary>
internal static class Scorecard
{
    public const string Begin = "<!-- faults:begin -->";
    public const string End = "<!-- faults:end -->";

    private const string Head = "| scenario | what is done | times | what is checked each time | result | control |\n|---|---|---|---|---|---|\n";

    /// <summary>The table of what was run.</summary>
    public static string Of(IReadOnlyList<ScenarioResult> results) => Head + string.Concat(results.Select(RowOf));

    /// <summary>Whether a document has the two lines that the table goes between.</summary>
    public static bool HasPlace(string document) => File.Exists(document) && TryFindPlace(File.ReadAllText(document), out _, out _);

    /// <summary>Replaces the rows of what was run.</summary>
    public static void PutInto(string document, IReadOnlyList<ScenarioResult> results) =>
        File.WriteAllText(document, Replace(File.ReadAllText(document), results));

    internal static string Replace(string markdown, IReadOnlyList<ScenarioResult> results)
    {
        if (!TryFindPlace(markdown, out int begin, out int end))
            throw new FaultsException($"The document has no lines {Begin} and {End}.");
        var rows = new Dictionary<string, string>();
        foreach (string line in markdown[begin..end].Split('\n').Where(line => line.StartsWith("| `")))
            rows[line.Split('`')[1]] = line + "\n";
        foreach (ScenarioResult result in results)
            rows[result.Scenario.Name] = RowOf(result);
        IEnumerable<string> inOrder = AllScenarios.List.Select(scenario => rows.GetValueOrDefault(scenario.Name, ""));
        return $"{markdown[..begin]}\n{Head}{string.Concat(inOrder)}{markdown[end..]}";
    }

    private static bool TryFindPlace(string markdown, out int begin, out int end)
    {
        begin = markdown.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        end = markdown.IndexOf(End, StringComparison.Ordinal);
        return begin >= Begin.Length && end >= begin;
    }

    private static string RowOf(ScenarioResult result)
    {
        string outcome = result.Holds ? result.Result : $"**{result.Faults.Count} faults**: {result.Faults[0]} {result.Result}";
        return $"| `{result.Scenario.Name}` | {Cell(result.Scenario.Does)} | {result.Times:#,0} | {Cell(result.Scenario.Checks)} | {Cell(outcome)} | {Cell(result.Control)} |\n";
    }

    private static string Cell(string text) => text.Replace('|', '/').Replace('\n', ' ').Trim();
}
