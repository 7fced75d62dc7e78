using System.Globalization;
using System.Text.Json;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary>Rejected records as a table, as JSON, or as CSV.</summary>
internal static class RejectedText
{
    /// <summary>The names of the columns of CSV.</summary>
    public static readonly IReadOnlyList<string> Columns =
    [
        "uuid", "reason", "received", "product_id", "product_instance_id", "billing_account_id", "sku_id", "unit", "quantity", "timestamp",
        "service_account_id", "request_id", "differs_in", "accepted_since",
    ];

    /// <summary>The fields, one for each column.</summary>
    public static string[] FieldsOf(RejectedRecord record) =>
    [
        record.Uuid, record.Reason, ArchiveReport.TimeOf(record.Received), record.ProductId, record.ProductInstanceId, record.BillingAccountId,
        record.SkuId, record.Unit, record.Quantity.ToString(CultureInfo.InvariantCulture), TimestampOf(record), record.ServiceAccountId,
        record.RequestId, string.Join(' ', record.DiffersIn.Select(FieldName)), record.AcceptedSince ? "true" : "false",
    ];

    /// <summary>One JSON object, its members named as the columns are.</summary>
    public static void WriteObject(RejectedRecord record, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        foreach ((string name, string value) in Columns.Zip(FieldsOf(record)))
            json.WriteString(name, value);
        json.WriteEndObject();
    }

    /// <summary>Writes records in one of the three forms.</summary>
    public static void Write(IReadOnlyList<RejectedRecord> records, string output, Terminal terminal)
    {
        switch (output)
        {
            case "json":
                Json.Write(terminal.Output, json =>
                {
                    json.WriteStartObject();
                    json.WriteStartArray("records");
                    foreach (RejectedRecord record in records)
                        WriteObject(record, json);
                    json.WriteEndArray();
                    json.WriteEndObject();
                });
                break;
            case "csv":
                Csv.WriteLine(terminal.Output, Columns);
                foreach (RejectedRecord record in records)
                    Csv.WriteLine(terminal.Output, FieldsOf(record));
                break;
            default:
                WriteTable(records, terminal);
                break;
        }
    }

    private static void WriteTable(IReadOnlyList<RejectedRecord> records, Terminal terminal)
    {
        if (records.Count == 0)
            terminal.WriteNote("No such records were rejected, or they are kept no more.");
        var table = new TextTable(
            new("received"), new("reason"), new("uuid"), new("sku"), new("quantity", IsNumber: true), new("unit"), new("owner"),
            new("since"), new("timestamp", IsOptional: true), new("by", IsOptional: true));
        foreach (RejectedRecord record in records)
        {
            string differences = record.DiffersIn.Count == 0 ? string.Empty : $" in {string.Join(", ", record.DiffersIn.Select(FieldName))}";
            table.Add(
                ArchiveReport.TimeOf(record.Received), new(record.Reason + differences, Shade.Bad), Shown(record.Uuid), Shown(record.SkuId),
                new(Figures.Group(record.Quantity), Shade.Strong), record.Unit,
                record.ProductInstanceId.Length > 0 ? record.ProductInstanceId : $"{Shown(record.ProductId)} of {record.BillingAccountId}",
                record.AcceptedSince && record.Reason != "DUPLICATE" ? new TextCell("accepted", Shade.Good) : string.Empty,
                TimestampOf(record), record.ServiceAccountId);
        }

        if (!table.IsEmpty)
            table.Write(terminal);
    }

    // What was sent may be anything, and nothing of it moves a terminal's cursor.
    private static string Shown(string text) => string.Concat(text.Select(character => char.IsControl(character) ? '?' : character));

    private static string TimestampOf(RejectedRecord record) =>
        record.Timestamp is not null ? ArchiveReport.TimeOf(record.Timestamp)
        : record.HasTimestampSeconds ? string.Create(CultureInfo.InvariantCulture, $"{record.TimestampSeconds} s, {record.TimestampNanos} ns")
        : string.Empty;

    private static string FieldName(DuplicateConflict.Types.Field field) => field switch
    {
        DuplicateConflict.Types.Field.SkuId => "SKU_ID",
        DuplicateConflict.Types.Field.Owner => "OWNER",
        DuplicateConflict.Types.Field.Quantity => "QUANTITY",
        DuplicateConflict.Types.Field.Timestamp => "TIMESTAMP",
        _ => $"FIELD_{(int)field}",
    };
}
