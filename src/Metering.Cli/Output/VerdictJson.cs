using System.Text.Json;
using Metering.Client;

namespace Metering.Cli;

/// <summary>One JSON document with the counts and the uuids by outcome. Holds all verdicts until the end.</summary>
internal sealed class VerdictJson(Terminal terminal) : IVerdictReport
{
    private readonly Dictionary<WriteOutcome, List<(string Uuid, string Name)>> _verdicts =
        Enum.GetValues<WriteOutcome>().ToDictionary(outcome => outcome, _ => new List<(string, string)>());

    /// <inheritdoc/>
    public void Add(in RecordVerdict verdict) => _verdicts[verdict.Outcome].Add((verdict.Record.Uuid, verdict.Name()));

    /// <inheritdoc/>
    public void Finish(WriteEnd end) => Json.Write(terminal.Output, json =>
    {
        json.WriteStartObject();
        json.WriteBoolean("dryRun", end.IsDryRun);
        json.WriteStartObject("counts");
        json.WriteNumber("accepted", end.Counts.Accepted);
        json.WriteNumber("deliveredByRetry", end.Counts.DeliveredByRetry);
        json.WriteNumber("rejected", end.Counts.Rejected);
        json.WriteNumber("failed", end.Counts.Failed);
        json.WriteNumber("skipped", end.Skipped);
        json.WriteEndObject();
        WriteUuids(json, "accepted", WriteOutcome.Accepted);
        WriteUuids(json, "deliveredByRetry", WriteOutcome.DeliveredByRetry);
        json.WriteStartArray("rejected");
        foreach ((string uuid, string reason) in _verdicts[WriteOutcome.Rejected])
        {
            json.WriteStartObject();
            json.WriteString("uuid", uuid);
            json.WriteString("reason", reason);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteUuids(json, "failed", WriteOutcome.Failed);
        json.WriteString("error", end.Fault);
        json.WriteEndObject();
    });

    private void WriteUuids(Utf8JsonWriter json, string name, WriteOutcome outcome)
    {
        json.WriteStartArray(name);
        foreach ((string uuid, _) in _verdicts[outcome])
            json.WriteStringValue(uuid);
        json.WriteEndArray();
    }
}

/// <summary>One JSON object a record, as the verdicts come: for any number of records.</summary>
internal sealed class VerdictJsonLines(Terminal terminal) : IVerdictReport
{
    /// <inheritdoc/>
    public void Add(in RecordVerdict verdict)
    {
        RecordVerdict shown = verdict;
        Json.Write(
            terminal.Output,
            json =>
            {
                json.WriteStartObject();
                json.WriteString("uuid", shown.Record.Uuid);
                json.WriteString("verdict", shown.Name());
                json.WriteString("skuId", shown.Record.SkuId);
                json.WriteString("quantity", shown.Record.Quantity.ToString());
                json.WriteString("timestamp", shown.Record.Time());
                json.WriteEndObject();
            },
            indented: false);
    }

    /// <inheritdoc/>
    public void Finish(WriteEnd end)
    {
        // Every verdict is out already.
    }
}
