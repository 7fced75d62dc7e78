using System.Globalization;
using System.Numerics;
using Metering.Contracts.V1;
using Dimension = Metering.Contracts.V1.QueryUsageRequest.Types.Dimension;
using Window = Metering.Contracts.V1.QueryUsageRequest.Types.Window;

namespace Metering.Cli;

/// <summary>Totals as a table with bars, as JSON, or as CSV. Quantities are exact decimal integers in all of them.</summary>
internal sealed class UsageReport(QueryUsageRequest request, QueryUsageResponse answer)
{
    private sealed record Field(string Title, string CsvName, string JsonName, Func<UsageTotal, string> Read);

    private readonly List<Field> _fields = [.. FieldsOf(request)];

    /// <summary>For people. Bars compare amounts of one unit only.</summary>
    public void WriteTable(Terminal terminal)
    {
        if (answer.Totals.Count == 0)
            terminal.WriteNote("Nothing was counted in this range.");
        Dictionary<string, BigInteger> greatest = answer.Totals.GroupBy(total => total.Unit).ToDictionary(unit => unit.Key, unit => unit.Max(Quantity));
        var table = new TextTable(
        [
            .. _fields.Select(field => new TextColumn(field.Title)),
            new("quantity", IsNumber: true), new("unit"), new("records", IsNumber: true), new(string.Empty, IsOptional: true),
        ]);
        foreach (UsageTotal total in answer.Totals)
        {
            table.Add(
            [
                .. _fields.Select(field => (TextCell)field.Read(total)),
                new(Figures.Group(Quantity(total)), Shade.Strong),
                total.Unit,
                Figures.Group(total.Records),
                new(Figures.Bar(Quantity(total), greatest[total.Unit], terminal.OutputIsTerminal), Shade.Good),
            ]);
        }

        if (!table.IsEmpty)
            table.Write(terminal);
        WriteRejections(terminal);
    }

    /// <summary>For programs that read JSON.</summary>
    public void WriteJson(Terminal terminal) => Json.Write(terminal.Output, json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("totals");
        foreach (UsageTotal total in answer.Totals)
        {
            json.WriteStartObject();
            foreach (Field field in _fields)
                json.WriteString(field.JsonName, field.Read(total));
            json.WriteString("quantity", total.Quantity);
            json.WriteString("unit", total.Unit);
            json.WriteNumber("records", total.Records);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("rejections");
        foreach (RejectionTotal rejection in answer.Rejections)
        {
            json.WriteStartObject();
            json.WriteString("productInstanceId", rejection.ProductInstanceId);
            json.WriteString("billingAccountId", rejection.BillingAccountId);
            json.WriteString("reason", rejection.Reason);
            json.WriteNumber("records", rejection.Records);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    /// <summary>For spreadsheets: the totals alone.</summary>
    public void WriteCsv(TextWriter output)
    {
        Csv.WriteLine(output, [.. _fields.Select(field => field.CsvName), "quantity", "unit", "records"]);
        foreach (UsageTotal total in answer.Totals)
        {
            Csv.WriteLine(
                output, [.. _fields.Select(field => field.Read(total)), total.Quantity, total.Unit, total.Records.ToString(CultureInfo.InvariantCulture)]);
        }
    }

    private void WriteRejections(Terminal terminal)
    {
        if (answer.Rejections.Count == 0)
            return;
        var table = new TextTable(new("rejected"), new("instance"), new("billing account"), new("records", IsNumber: true));
        foreach (RejectionTotal rejection in answer.Rejections)
            table.Add(new(rejection.Reason, Shade.Bad), rejection.ProductInstanceId, rejection.BillingAccountId, Figures.Group(rejection.Records));
        terminal.Output.WriteLine();
        table.Write(terminal);
    }

    private static BigInteger Quantity(UsageTotal total) => BigInteger.Parse(total.Quantity, CultureInfo.InvariantCulture);

    private static IEnumerable<Field> FieldsOf(QueryUsageRequest request)
    {
        if (request.Window != Window.All)
        {
            string form = request.Window == Window.Day ? "yyyy-MM-dd" : "yyyy-MM-dd'T'HH:mm'Z'";
            yield return new Field(
                request.Window == Window.Day ? "day" : "hour", "window_start", "windowStart",
                total => total.WindowStart?.ToDateTime().ToString(form, CultureInfo.InvariantCulture) ?? string.Empty);
        }

        foreach (Dimension dimension in request.GroupBy)
        {
            yield return dimension switch
            {
                Dimension.Product => new Field("product", "product_id", "productId", total => total.ProductId),
                Dimension.ProductInstance => new Field("instance", "product_instance_id", "productInstanceId", total => total.ProductInstanceId),
                Dimension.BillingAccount => new Field("billing account", "billing_account_id", "billingAccountId", total => total.BillingAccountId),
                _ => new Field("sku", "sku_id", "skuId", total => total.SkuId),
            };
        }
    }
}
