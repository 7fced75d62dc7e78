using System.Globalization;
using System.Text.Json;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary>Corrections as a sentence, as a table, as JSON or CSV.</summary>
internal static class CorrectionReport
{
    private const string Moment = "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'";

    /// <summary>What was done to one record, for a person.</summary>
    public static void WriteText(CorrectRecordResponse answer, bool isDryRun, Terminal terminal)
    {
        Correction correction = answer.Correction;
        string verb = isDryRun ? "would be" : answer.Repeated ? "was before" : "is";
        terminal.Output.WriteLine(
            $"Record {correction.Uuid} of {correction.SkuId} {verb} corrected by {Signed(correction.Quantity)} {correction.Unit} (step {correction.Step}); "
            + $"it was counted with {Figures.Group(answer.Record.Quantity)}.");
        if (isDryRun)
            terminal.Output.WriteLine("Nothing was changed: this was a dry run.");
        else
            terminal.Output.WriteLine($"Correction {correction.CorrectionId}: {correction.Reason} ({correction.Author}).");
    }

    /// <summary>What was done to one record, for programs.</summary>
    public static void WriteJson(CorrectRecordResponse answer, bool isDryRun, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteBoolean("dryRun", isDryRun);
        json.WriteBoolean("repeated", answer.Repeated);
        json.WriteString("countedQuantity", answer.Record.Quantity.ToString(CultureInfo.InvariantCulture));
        json.WritePropertyName("correction");
        WriteJson(answer.Correction, json);
        json.WriteEndObject();
    }

    /// <summary>A list, for a person.</summary>
    public static void WriteTable(IReadOnlyList<Correction> corrections, Terminal terminal)
    {
        var table = new TextTable(
            new("record"), new("step", IsNumber: true), new("timestamp"), new("sku"), new("quantity", IsNumber: true), new("unit"), new("author"),
            new("reason", IsOptional: true));
        foreach (Correction correction in corrections)
        {
            table.Add(
                correction.Uuid, correction.Step.ToString(CultureInfo.InvariantCulture), MomentOf(correction.Timestamp), correction.SkuId,
                new(Signed(correction.Quantity), correction.Quantity < 0 ? Shade.Bad : Shade.Good), correction.Unit, correction.Author, correction.Reason);
        }

        table.Write(terminal);
    }

    /// <summary>One of a list, for programs.</summary>
    public static void WriteJson(Correction correction, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        foreach ((string name, string value) in FieldsOf(correction))
            json.WriteString(name, value);
        json.WriteEndObject();
    }

    /// <summary>The names of the fields, as in JSON.</summary>
    public static IEnumerable<string> Names => FieldsOf(new Correction()).Select(entry => entry.Name);

    /// <summary>The values of the fields, in the order of their names.</summary>
    public static IEnumerable<string> ValuesOf(Correction correction) => FieldsOf(correction).Select(field => field.Value);

    private static IEnumerable<(string Name, string Value)> FieldsOf(Correction correction) =>
    [
        ("correctionId", correction.CorrectionId),
        ("uuid", correction.Uuid),
        ("step", correction.Step.ToString(CultureInfo.InvariantCulture)),
        ("productId", correction.ProductId),
        ("productInstanceId", correction.ProductInstanceId),
        ("billingAccountId", correction.BillingAccountId),
        ("skuId", correction.SkuId),
        ("unit", correction.Unit),
        ("timestamp", MomentOf(correction.Timestamp)),
        ("quantity", correction.Quantity.ToString(CultureInfo.InvariantCulture)),
        ("reason", correction.Reason),
        ("author", correction.Author),
        ("created", MomentOf(correction.Created)),
    ];

    private static string MomentOf(Google.Protobuf.WellKnownTypes.Timestamp? moment) =>
        moment?.ToDateTime().ToString(Moment, CultureInfo.InvariantCulture) ?? string.Empty;

    private static string Signed(long quantity) => quantity > 0 ? $"+{Figures.Group(quantity)}" : Figures.Group(quantity);
}
