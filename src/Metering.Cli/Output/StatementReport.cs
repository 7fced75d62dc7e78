using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary>A statement as a table, as JSON or as CSV. Quantities are exact decimal integers.</summary>
internal sealed class StatementReport(Statement statement)
{
    /// <summary>For people.</summary>
    public void WriteTable(Terminal terminal)
    {
        terminal.Output.WriteLine($"{Owner}, {ArchiveReport.TimeOf(statement.From)} to {ArchiveReport.TimeOf(statement.To)}");
        var table = new TextTable(new("product"), new("sku"), new("quantity", IsNumber: true), new("unit"), new("records", IsNumber: true));
        foreach (StatementTotal total in statement.Totals)
        {
            var quantity = BigInteger.Parse(total.Quantity, CultureInfo.InvariantCulture);
            table.Add(total.ProductId, total.SkuId, new(Figures.Group(quantity), Shade.Strong), total.Unit, Figures.Group(total.Records));
        }

        if (!table.IsEmpty)
            table.Write(terminal);
        terminal.Output.WriteLine($"{Figures.Count(statement.Records, "record")}, SHA-256 {statement.Sha256}");
        if (statement.Corrections.Count > 0)
            WriteCorrections(terminal);
    }

    /// <summary>For programs.</summary>
    public void WriteJson(TextWriter output) => Json.Write(output, json =>
    {
        json.WriteStartObject();
        json.WriteString("billingAccountId", statement.BillingAccountId);
        json.WriteString("productInstanceId", statement.ProductInstanceId);
        json.WriteString("from", ArchiveReport.TimeOf(statement.From));
        json.WriteString("to", ArchiveReport.TimeOf(statement.To));
        Write(json, "totals", statement.Totals, "records");
        Write(json, "corrections", statement.Corrections, "corrections");
        json.WriteNumber("records", statement.Records);
        json.WriteString("sha256", statement.Sha256);
        json.WriteEndObject();
    });

    private static void Write(Utf8JsonWriter json, string name, IEnumerable<StatementTotal> totals, string count)
    {
        json.WriteStartArray(name);
        foreach (StatementTotal total in totals)
        {
            json.WriteStartObject();
            json.WriteString("productId", total.ProductId);
            json.WriteString("skuId", total.SkuId);
            json.WriteString("quantity", total.Quantity);
            json.WriteString("unit", total.Unit);
            json.WriteNumber(count, total.Records);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private void WriteCorrections(Terminal terminal)
    {
        var table = new TextTable(new("product"), new("sku"), new("corrected by", IsNumber: true), new("unit"), new("corrections", IsNumber: true));
        foreach (StatementTotal sum in statement.Corrections)
        {
            var quantity = BigInteger.Parse(sum.Quantity, CultureInfo.InvariantCulture);
            table.Add(sum.ProductId, sum.SkuId, new(CorrectionReport.Signed(quantity), Shade.Changed), sum.Unit, Figures.Group(sum.Records));
        }

        terminal.Output.WriteLine();
        table.Write(terminal);
        terminal.WriteNote("Corrections are no part of the totals and the digest above; `metering corrections` lists them.");
    }

    /// <summary>For spreadsheets: the totals alone.</summary>
    public void WriteCsv(TextWriter output)
    {
        Csv.WriteLine(output, "product_id", "sku_id", "quantity", "unit", "records");
        foreach (StatementTotal total in statement.Totals)
            Csv.WriteLine(output, total.ProductId, total.SkuId, total.Quantity, total.Unit, total.Records.ToString(CultureInfo.InvariantCulture));
    }

    private string Owner => statement.ProductInstanceId.Length > 0 ? statement.ProductInstanceId : statement.BillingAccountId;
}
