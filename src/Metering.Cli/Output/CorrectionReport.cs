using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary>Corrections as a sentence, as a table, as JSON or CSV.</summary>
internal static class CorrectionReport
{
    /// <summary>The names of the columns of CSV.</summary>
    public static readonly IReadOnlyList<string> Columns =
    [
        "correction_id", "uuid", "step", "product_id", "product_instance_id", "billing_account_id", "sku_id", "unit", "timestamp", "quantity", "reason",
        "author", "created",
    ];

    /// <summary>The fields, one for each column.</summary>
    public static string[] FieldsOf(Correction correction) =>
    [
        correction.CorrectionId, correction.Uuid, correction.Step.ToString(CultureInfo.InvariantCulture), correction.ProductId,
        correction.ProductInstanceId, correction.BillingAccountId, correction.SkuId, correction.Unit, ArchiveReport.TimeOf(correction.Timestamp),
        correction.Quantity.ToString(CultureInfo.InvariantCulture), correction.Reason, correction.Author, ArchiveReport.TimeOf(correction.Created),
    ];

    /// <summary>One correction as a JSON object, whose members are named as the columns are.</summary>
    public static void WriteJson(Correction correction, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        foreach ((string name, string value) in Columns.Zip(FieldsOf(correction)))
            json.WriteString(name, value);
        json.WriteEndObject();
    }

    /// <summary>What was done to one record, for a person.</summary>
    public static void WriteText(CorrectRecordResponse answer, bool isDryRun, Terminal terminal)
    {
        Correction correction = answer.Correction;
        string verb = isDryRun ? "would be" : answer.Repeated ? "was, before this," : "is";
        terminal.Output.WriteLine(
            $"Record {correction.Uuid} of {correction.SkuId} {verb} corrected by {Signed(correction.Quantity)} {correction.Unit} (step {correction.Step}); "
            + $"it was counted with {Figures.Group(answer.Record.Quantity)}.");
        terminal.Output.WriteLine(isDryRun
            ? "Nothing was changed: this was a dry run."
            : $"Correction {correction.CorrectionId}: {correction.Reason} ({correction.Author}).");
    }

    /// <summary>What was done to one record, for programs.</summary>
    public static void WriteJson(CorrectRecordResponse answer, bool isDryRun, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteBoolean("dry_run", isDryRun);
        json.WriteBoolean("repeated", answer.Repeated);
        json.WriteString("counted_quantity", answer.Record.Quantity.ToString(CultureInfo.InvariantCulture));
        json.WritePropertyName("correction");
        WriteJson(answer.Correction, json);
        json.WriteEndObject();
    }

    /// <summary>A list, for a person.</summary>
    public static void WriteTable(IReadOnlyList<Correction> corrections, Terminal terminal)
    {
        var table = new TextTable(
            new("record"), new("step", IsNumber: true), new("timestamp"), new("sku"), new("corrected by", IsNumber: true), new("unit"), new("author"),
            new("reason", IsOptional: true));
        foreach (Correction correction in corrections)
        {
            table.Add(
                correction.Uuid, correction.Step.ToString(CultureInfo.InvariantCulture), ArchiveReport.TimeOf(correction.Timestamp), correction.SkuId,
                new(Signed(correction.Quantity), correction.Quantity < 0 ? Shade.Bad : Shade.Good), correction.Unit, correction.Author, correction.Reason);
        }

        table.Write(terminal);
    }

    /// <summary>An amount with its sign, digits in groups.</summary>
    public static string Signed(BigInteger quantity) => quantity > 0 ? $"+{Figures.Group(quantity)}" : Figures.Group(quantity);
}
