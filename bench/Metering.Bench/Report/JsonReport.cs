using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Metering.Bench;

/// <summary>The result for programs: one JSON document with every turn. Members are only ever added.</summary>
internal static class JsonReport
{
    /// <summary>How a result is written.</summary>
    public static readonly JsonSerializerOptions Form = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Of(BenchResult result) => JsonSerializer.Serialize(
        new
        {
            result.Options.Command,
            result.Started,
            result.Machine,
            result.Options.Rounds,
            result.Options.Seconds,
            result.Options.OtherSeconds,
            result.Options.WarmSeconds,
            result.Options.Connections,
            result.Options.Streams,
            result.PostgresClients,
            result.StolenShare,
            LatencyRun.HalfConnections,
            Contenders = result.Contenders.Select(contender => new
            {
                contender.Name,
                contender.Does,
                contender.RecordsPerSecond,
                contender.Least,
                contender.Most,
                ToEcho = result.RatioOf(contender.Name, BenchResult.EchoFor(contender.Name)),
                ToPostgres = result.RatioOf(contender.Name, Parts.Postgres),
                contender.Turns,
            }),
            result.Latency,
            Targets = Target.Of(result),
        },
        Form);
}
