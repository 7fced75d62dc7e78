using System.Globalization;
using System.Numerics;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary>Sums of rejected records, with bars, as JSON, or as CSV. Quantities are exact decimal integers in all of them.</summary>
internal static class RejectedTotals
{
    private static readonly string[] Columns =
        ["sku_id", "product_id", "reason", "quantity_at_risk", "unit", "records", "uuids", "accepted_since"];

    /// <summary>Writes them in one of the three forms.</summary>
    public static void Write(SummarizeRejectedRecordsResponse summary, string output, Terminal terminal)
    {
        switch (output)
        {
            case "json":
                WriteJson(summary, terminal);
                break;
            case "csv":
                Csv.WriteLine(terminal.Output, Columns);
                foreach (RejectedTotal total in summary.Totals)
                    Csv.WriteLine(terminal.Output, FieldsOf(total));
                break;
            default:
                WriteTable(summary, terminal);
                break;
        }
    }

    private static void WriteTable(SummarizeRejectedRecordsResponse summary, Terminal terminal)
    {
        if (summary.Totals.Count == 0)
            terminal.WriteNote("No such records were rejected, or they are kept no more.");
        Dictionary<string, BigInteger> greatest =
            summary.Totals.GroupBy(total => total.Unit).ToDictionary(unit => unit.Key, unit => unit.Max(AtRisk));
        var table = new TextTable(
            new("sku"), new("reason"), new("at risk", IsNumber: true), new("unit"), new("records", IsNumber: true), new("uuids", IsNumber: true),
            new("accepted since", IsNumber: true), new(string.Empty, IsOptional: true));
        foreach (RejectedTotal total in summary.Totals)
        {
            table.Add(
                total.SkuId, new(total.Reason, Shade.Bad), new(Figures.Group(AtRisk(total)), Shade.Strong), total.Unit,
                Figures.Group(total.Records), Figures.Group(total.Uuids), Figures.Group(total.AcceptedSince),
                new(Figures.Bar(AtRisk(total), greatest[total.Unit], terminal.OutputIsTerminal), Shade.Bad));
        }

        if (!table.IsEmpty)
            table.Write(terminal);
        if (summary.ReachesBackTo is not null)
            terminal.WriteNote($"There are too many to go through: the sums reach back to {ArchiveReport.TimeOf(summary.ReachesBackTo)}.");
        if (summary.DroppedRecords > 0)
            terminal.WriteNote($"{Figures.Count(summary.DroppedRecords, "record")} were dropped before, for their age or number.");
        if (summary.DuplicatesNotCompared > 0)
            terminal.WriteNote($"{Figures.Count(summary.DuplicatesNotCompared, "duplicate")} came too fast to be compared with what was counted.");
    }

    private static void WriteJson(SummarizeRejectedRecordsResponse summary, Terminal terminal) => Json.Write(terminal.Output, json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("totals");
        foreach (RejectedTotal total in summary.Totals)
        {
            json.WriteStartObject();
            foreach ((string name, string value) in Columns.Zip(FieldsOf(total)))
                json.WriteString(name, value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("reaches_back_to", ArchiveReport.TimeOf(summary.ReachesBackTo));
        json.WriteString("oldest_kept", ArchiveReport.TimeOf(summary.OldestKept));
        json.WriteNumber("kept_records", summary.KeptRecords);
        json.WriteNumber("kept_bytes", summary.KeptBytes);
        json.WriteNumber("dropped_records", summary.DroppedRecords);
        json.WriteNumber("duplicates_not_compared", summary.DuplicatesNotCompared);
        json.WriteEndObject();
    });

    private static string[] FieldsOf(RejectedTotal total) =>
    [
        total.SkuId, total.ProductId, total.Reason, total.QuantityAtRisk, total.Unit, total.Records.ToString(CultureInfo.InvariantCulture),
        total.Uuids.ToString(CultureInfo.InvariantCulture), total.AcceptedSince.ToString(CultureInfo.InvariantCulture),
    ];

    private static BigInteger AtRisk(RejectedTotal total) => BigInteger.Parse(total.QuantityAtRisk, CultureInfo.InvariantCulture);
}
