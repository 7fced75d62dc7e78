using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Metering.Scale;

/// <summary>The runs for programs: one JSON document. Members are only ever added.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions Form = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    public static string Of(StudyResult result) => JsonSerializer.Serialize(
        new
        {
            result.Seed,
            result.Figures,
            Plans = result.Plans.Select(Scene),
            result.NotEnough,
            Growth = result.Growth.Select(Scene),
            Rows = result.Rows.Select(Scene),
            Failures = result.Failures.Select(Scene),
        },
        Form);

    private static object Scene(Scene scene)
    {
        Outcome outcome = scene.Outcome;
        (string busiest, double part) = outcome.Busiest;
        return new
        {
            scene.Name,
            outcome.Cluster.Layout,
            outcome.Cluster.Failure,
            outcome.Cluster.Nodes,
            outcome.Cluster.Databases,
            outcome.Cluster.RecordsPerSecond,
            outcome.Cluster.Seconds,
            outcome.Figures.NodeNumbers,
            outcome.Arrived,
            outcome.Accepted,
            outcome.Uncounted,
            outcome.Duplicates,
            outcome.GivenUp,
            outcome.AcceptedPerSecond,
            outcome.AnsweredPerSecond,
            outcome.KeepsUp,
            P50Milliseconds = outcome.RequestQuantile(0.5) * 1e3,
            P99Milliseconds = outcome.RequestQuantile(0.99) * 1e3,
            outcome.GroupRecords,
            outcome.NodeProcessors,
            outcome.DatabaseProcessors,
            outcome.LogFlushes,
            outcome.LogBandwidth,
            outcome.RowWaits,
            ConnectionsPerDatabase = outcome.Cluster.ConnectionsPerDatabase(outcome.Figures),
            Busiest = busiest,
            BusiestPart = part,
        };
    }
}
