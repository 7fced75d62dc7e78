using System.Text.Json;

namespace Metering.Grpc.Cost;

/// <summary>The figures for programs: the medians, and every round.</summary>
internal static class JsonReport
{
    public static void Write(string path, CostOptions options, IReadOnlyList<CostComparison> comparisons)
    {
        using FileStream file = File.Create(path);
        using var json = new Utf8JsonWriter(file, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteNumber("connections", options.Connections);
        json.WriteNumber("streams", options.Streams);
        json.WriteNumber("messageBytes", options.MessageBytes);
        json.WriteNumber("secondsPerTurn", options.Seconds);
        json.WriteStartArray("cases");
        foreach (CostComparison comparison in comparisons)
            Write(json, comparison);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, CostComparison comparison)
    {
        json.WriteStartObject();
        json.WriteString("name", comparison.Case.Name);
        json.WriteNumber("medianRate", comparison.MedianOf(round => round.Rate));
        json.WriteNumber("lowestRate", comparison.Rounds.Min(round => round.Rate));
        json.WriteNumber("highestRate", comparison.Rounds.Max(round => round.Rate));
        json.WriteNumber("medianProcessorRate", comparison.MedianOf(round => round.ProcessorRate));
        json.WriteStartArray("rounds");
        foreach (CostRound round in comparison.Rounds)
        {
            json.WriteStartObject();
            Write(json, "bare", round.Bare);
            Write(json, "layer", round.Layer);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string handler, CostTurn turn)
    {
        json.WriteStartObject(handler);
        json.WriteNumber("calls", turn.Calls);
        json.WriteNumber("callsPerSecond", turn.CallsPerSecond);
        json.WriteNumber("processorMicrosecondsPerCall", turn.ProcessorMicrosecondsPerCall);
        json.WriteNumber("allocatedBytesPerCall", turn.AllocatedBytesPerCall);
        json.WriteEndObject();
    }
}
