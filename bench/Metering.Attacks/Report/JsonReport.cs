using System.Text.Json;

namespace Metering.Attacks;

/// <summary>The results for scripts: one JSON document. Members are only ever added.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions Form = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public static string Of(IReadOnlyList<AttackResult> results, AttackOptions options) => JsonSerializer.Serialize(
        new
        {
            options.Seconds,
            options.WritesPerSecond,
            Processors = Environment.ProcessorCount,
            Attacks = results.Select(result => new
            {
                result.Attack.Name,
                result.Attack.Does,
                result.Attack.MetBy,
                result.Attack.Unit,
                result.Attacker,
                result.Attacker.UnitsPerSecond,
                result.P99WithoutMilliseconds,
                P99WithMilliseconds = result.During.P99Milliseconds,
                result.P99Ratio,
                MemoryWithoutBytes = result.Before.PeakBytes,
                MemoryPeakBytes = result.During.PeakBytes,
                result.MemoryRatio,
                MemoryAfterBytes = result.ResidentAfterBytes,
                RecordsSent = result.During.Sent,
                RecordsAcknowledged = result.During.Acknowledged,
                RecordsCounted = result.During.Counted,
                result.HoldsP99,
                result.HoldsMemory,
                result.IsAllCounted,
                Faults = new[] { result.Before.Fault, result.During.Fault, result.After.Fault }.OfType<string>(),
            }),
        },
        Form);
}
