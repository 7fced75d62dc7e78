using System.Text.Json;

namespace Metering.Faults;

/// <summary>The results for scripts, and for the next piece of a long run: one JSON document. Members are only ever added.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions Form = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>The results as JSON.</summary>
    public static string Of(IReadOnlyList<ScenarioResult> results) => JsonSerializer.Serialize(
        new Document(Environment.ProcessorCount, [.. results.Select(result => new Row(
            result.Scenario.Name, result.Scenario.Does, result.Scenario.Checks, result.Times, result.Seed, result.Elapsed.TotalSeconds,
            result.Holds, result.Counts, result.Control, result.Faults))]),
        Form);

    /// <summary>Reads results; scenarios that there are no more are left out.</summary>
    /// <exception cref="FaultsException">It is no such file.</exception>
    public static IReadOnlyList<ScenarioResult> Read(string json)
    {
        try
        {
            Document document = JsonSerializer.Deserialize<Document>(json, Form)!;
            return [.. from row in document.Scenarios
                let scenario = AllScenarios.List.FirstOrDefault(scenario => scenario.Name == row.Name)
                where scenario is not null
                select new ScenarioResult(scenario, row.Times, row.Seed, row.Counts, row.Control, row.Faults, TimeSpan.FromSeconds(row.Seconds))];
        }
        catch (JsonException fault)
        {
            throw new FaultsException($"The file with earlier pieces is not what this program writes: {fault.Message}");
        }
    }

    private sealed record Document(int Processors, IReadOnlyList<Row> Scenarios);

    private sealed record Row(
        string Name, string Does, string Checks, int Times, int Seed, double Seconds, bool Holds, IReadOnlyDictionary<string, long> Counts,
        string Control, IReadOnlyList<string> Faults);
}
