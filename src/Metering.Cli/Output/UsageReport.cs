using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary>Shows totals, page by page as they come. Quantities are exact decimal integers.</summary>
internal interface IUsageReport : IDisposable
{
    /// <summary>A page; the first has the rejections.</summary>
    void Add(QueryUsageResponse page);

    /// <summary>No more.</summary>
    void Finish();
}

/// <summary>For spreadsheets: the totals alone, any number of them.</summary>
internal sealed class UsageCsv : IUsageReport
{
    private readonly List<UsageField> _fields;
    private readonly TextWriter _output;

    public UsageCsv(QueryUsageRequest request, TimeZoneInfo zone, TextWriter output)
    {
        _fields = [.. UsageField.DimensionsOf(request)];
        if (UsageField.WindowOf(request, zone) is { } window)
            _fields.Insert(0, window);
        _output = output;
        Csv.WriteLine(output, [.. _fields.Select(field => field.CsvName), "quantity", "unit", "records"]);
    }

    /// <inheritdoc/>
    public void Add(QueryUsageResponse page)
    {
        foreach (UsageTotal total in page.Totals)
        {
            Csv.WriteLine(_output,
                [.. _fields.Select(field => field.Read(total)), total.Quantity, total.Unit, total.Records.ToString(CultureInfo.InvariantCulture)]);
        }
    }

    /// <inheritdoc/>
    public void Finish()
    {
        // Every line is out already.
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // The output is the terminal's.
    }
}

/// <summary>For programs that read JSON: one document, written as the pages come.</summary>
internal sealed class UsageJson : IUsageReport
{
    private readonly List<UsageField> _fields;
    private readonly TextWriter _output;
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly Utf8JsonWriter _json;
    private readonly List<RejectionTotal> _rejections = [];
    private readonly List<UsageTotal> _corrections = [];

    public UsageJson(QueryUsageRequest request, TimeZoneInfo zone, TextWriter output)
    {
        _fields = [.. UsageField.DimensionsOf(request)];
        if (UsageField.WindowOf(request, zone) is { } window)
            _fields.Insert(0, window);
        _output = output;
        _json = new Utf8JsonWriter(_buffer, Json.Form);
        _json.WriteStartObject();
        _json.WriteStartArray("totals");
    }

    /// <inheritdoc/>
    public void Add(QueryUsageResponse page)
    {
        _rejections.AddRange(page.Rejections);
        _corrections.AddRange(page.Corrections);
        foreach (UsageTotal total in page.Totals)
            Write(total, "records");
        Flush();
    }

    /// <inheritdoc/>
    public void Finish()
    {
        _json.WriteEndArray();
        _json.WriteStartArray("corrections");
        foreach (UsageTotal sum in _corrections)
            Write(sum, "corrections");
        _json.WriteEndArray();
        _json.WriteStartArray("rejections");
        foreach (RejectionTotal rejection in _rejections)
        {
            _json.WriteStartObject();
            _json.WriteString("productInstanceId", rejection.ProductInstanceId);
            _json.WriteString("billingAccountId", rejection.BillingAccountId);
            _json.WriteString("reason", rejection.Reason);
            _json.WriteNumber("records", rejection.Records);
            _json.WriteEndObject();
        }

        _json.WriteEndArray();
        _json.WriteEndObject();
        Flush();
        _output.Write("\n");
    }

    /// <inheritdoc/>
    public void Dispose() => _json.Dispose();

    private void Write(UsageTotal total, string count)
    {
        _json.WriteStartObject();
        foreach (UsageField field in _fields)
            _json.WriteString(field.JsonName, field.Read(total));
        _json.WriteString("quantity", total.Quantity);
        _json.WriteString("unit", total.Unit);
        _json.WriteNumber(count, total.Records);
        _json.WriteEndObject();
    }

    private void Flush()
    {
        _json.Flush();
        _output.Write(Encoding.UTF8.GetString(_buffer.WrittenSpan));
        _buffer.ResetWrittenCount();
    }
}
