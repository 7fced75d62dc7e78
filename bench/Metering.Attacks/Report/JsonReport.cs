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
            options.Rounds,
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
                result.P99WithMilliseconds,
                P99WithoutRoundsMilliseconds = result.Alone.Select(phase => phase.P99Milliseconds),
                P99WithRoundsMilliseconds = result.During.Select(phase => phase.P99Milliseconds),
                result.P99Ratio,
                result.MemoryWithoutBytes,
                result.MemoryPeakBytes,
                result.MemoryRatio,
                MemoryAfterBytes = result.ResidentAfterBytes,
                RecordsSent = result.Records.Sent,
                RecordsAcknowledged = result.Records.Acknowledged,
                RecordsCounted = result.Records.Counted,
                result.HoldsP99,
                result.HoldsMemory,
                result.IsAllCounted,
                result.Faults,
            }),
        },
        Form);
}
