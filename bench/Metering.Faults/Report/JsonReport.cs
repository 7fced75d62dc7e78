using System.Text.Json;

namespace Metering.Faults;

/// <summary>The results for scripts: one JSON document. Members are only ever added.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions Form = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static string Of(IReadOnlyList<ScenarioResult> results, FaultOptions options) => JsonSerializer.Serialize(
        new
        {
            options.IsShort,
            Processors = Environment.ProcessorCount,
            Scenarios = results.Select(result => new
            {
                result.Scenario.Name,
                result.Scenario.Does,
                result.Scenario.Checks,
                result.Times,
                result.Seed,
                result.Elapsed.TotalSeconds,
                result.Holds,
                result.Result,
                result.Control,
                result.Faults,
            }),
        },
        Form);
}
