using System.Text.Json;

namespace Metering.Load;

/// <summary>The summary for scripts: one JSON document. Members are only ever added.</summary>
internal static class JsonReport
{
    public static void Write(Stream target, LoadSummary summary)
    {
        LoadTally tally = summary.Tally;
        LoadOptions options = summary.Options;
        using var json = new Utf8JsonWriter(target, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteString("service", options.Service == WriteService.Product ? "product" : "image");
        json.WriteNumber("recordsPerRequest", options.Records);
        json.WriteNumber("connections", options.Connections);
        json.WriteNumber("streams", options.Streams);
        json.WriteNumber("duplicatesPercent", options.DuplicatesPercent);
        json.WriteString("uuid", options.Uuid == UuidVersion.V4 ? "v4" : "v7");
        json.WriteNumber("intendedRecordsPerSecond", options.RecordsPerSecond);
        json.WriteNumber("elapsedSeconds", summary.Elapsed.TotalSeconds);
        json.WriteNumber("acceptedPerSecond", summary.AcceptedPerSecond);
        json.WriteNumber("recordsPerSecond", summary.RecordsPerSecond);
        json.WriteNumber("requestsPerSecond", summary.RequestsPerSecond);
        json.WriteStartObject("verdicts");
        for (int kind = 0; kind < VerdictCounts.Kinds; kind++)
            json.WriteNumber(VerdictCounts.Names[kind], tally.Verdicts[kind]);
        json.WriteEndObject();
        json.WriteNumber("acceptedWhileWarming", summary.WarmAccepted);
        WriteRequests(json, tally);
        WriteLatency(json, tally.Latency, options.RecordsPerSecond > 0);
        json.WriteNumber("processorSeconds", summary.ProcessorTime.TotalSeconds);
        json.WriteNumber("processorMicrosecondsPerRequest", summary.ProcessorMicrosecondsPerRequest);
        json.WriteStartArray("lostConnections");
        foreach (string loss in tally.Losses)
            json.WriteStringValue(loss);
        json.WriteEndArray();
        json.WriteBoolean("clean", summary.IsClean);
        json.WriteEndObject();
        json.Flush();
        target.WriteByte((byte)'\n');
    }

    private static void WriteRequests(Utf8JsonWriter json, LoadTally tally)
    {
        json.WriteStartObject("requests");
        json.WriteNumber("sent", tally.Sent);
        json.WriteNumber("failed", tally.Failed);
        json.WriteNumber("reset", tally.Reset);
        json.WriteNumber("malformed", tally.Malformed);
        json.WriteNumber("unanswered", tally.Unanswered);
        json.WriteNumber("missed", tally.Missed);
        json.WriteStartObject("statuses");
        for (int status = 0; status < LoadTally.Statuses; status++)
        {
            if (tally.ByStatus[status] > 0)
                json.WriteNumber(LoadTally.StatusNames[status], tally.ByStatus[status]);
        }

        json.WriteEndObject();
        json.WriteStartObject("messages");
        for (int status = 0; status < LoadTally.Statuses; status++)
        {
            if (tally.StatusMessages[status] is { } message)
                json.WriteString(LoadTally.StatusNames[status], message);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteLatency(Utf8JsonWriter json, LatencyHistogram latency, bool isFromIntendedMoment)
    {
        json.WriteStartObject("latencyMilliseconds");
        json.WriteNumber("p50", latency.GetPercentile(50) / 1e6);
        json.WriteNumber("p99", latency.GetPercentile(99) / 1e6);
        json.WriteNumber("p999", latency.GetPercentile(99.9) / 1e6);
        json.WriteNumber("max", latency.MaximumNanoseconds / 1e6);
        json.WriteNumber("mean", latency.MeanNanoseconds / 1e6);
        json.WriteBoolean("fromIntendedMoment", isFromIntendedMoment);
        json.WriteEndObject();
    }
}
