using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Metering.Server;

/// <summary>
/// What stands between the values of a record's line. All that is the same for many records, the names, is one piece; the
/// line is its opening, uuid, names, quantity, timestamp, moment of acceptance, account, request, closing.
/// </summary>
internal sealed class LineForm
{
    private static readonly SearchValues<char> Quoted = SearchValues.Create(",\"\r\n");

    private readonly Func<RecordSeries, string> _names;
    private readonly Func<string, string> _account;

    private LineForm(
        string header, string opening, Func<RecordSeries, string> names, string beforeTimestamp, string beforeAccepted,
        Func<string, string> account, string closing)
    {
        Header = Encoding.UTF8.GetBytes(header);
        Opening = Encoding.UTF8.GetBytes(opening);
        _names = names;
        BeforeTimestamp = Encoding.UTF8.GetBytes(beforeTimestamp);
        BeforeAccepted = Encoding.UTF8.GetBytes(beforeAccepted);
        _account = account;
        Closing = Encoding.UTF8.GetBytes(closing);
    }

    /// <summary>RFC 4180, with the names of the fields in the first line. Lines end with a line feed alone, as Unix tools want it.</summary>
    public static LineForm Csv { get; } = new(
        "uuid,product_id,product_instance_id,billing_account_id,sku_id,unit,quantity,timestamp,accepted,service_account_id,request_id\n",
        string.Empty,
        names => $",{Field(names.ProductId)},{Field(names.InstanceId)},{Field(names.BillingAccountId)},{Field(names.SkuId)},{Field(names.Unit)},",
        ",", ",", account => $",{Field(account)},", "\n");

    /// <summary>An object of JSON a line, its members named as the columns of CSV are; all values are texts.</summary>
    public static LineForm Json { get; } = new(
        string.Empty,
        "{\"uuid\":\"",
        names => $"\",\"product_id\":\"{Escape(names.ProductId)}\",\"product_instance_id\":\"{Escape(names.InstanceId)}\","
            + $"\"billing_account_id\":\"{Escape(names.BillingAccountId)}\",\"sku_id\":\"{Escape(names.SkuId)}\","
            + $"\"unit\":\"{Escape(names.Unit)}\",\"quantity\":\"",
        "\",\"timestamp\":\"", "\",\"accepted\":\"",
        account => $"\",\"service_account_id\":\"{Escape(account)}\",\"request_id\":\"", "\"}\n");

    /// <summary>The first line; empty when there is none.</summary>
    public byte[] Header { get; }

    /// <summary>Before the uuid.</summary>
    public byte[] Opening { get; }

    /// <summary>Between quantity and timestamp.</summary>
    public byte[] BeforeTimestamp { get; }

    /// <summary>Between timestamp and moment of acceptance.</summary>
    public byte[] BeforeAccepted { get; }

    /// <summary>After the request's id.</summary>
    public byte[] Closing { get; }

    /// <summary>Between uuid and quantity.</summary>
    public byte[] Names(RecordSeries series) => Encoding.UTF8.GetBytes(_names(series));

    /// <summary>Between moment of acceptance and the request's id.</summary>
    public byte[] Account(string id) => Encoding.UTF8.GetBytes(_account(id));

    private static string Field(string text) =>
        text.AsSpan().ContainsAny(Quoted) ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;

    private static string Escape(string text) => JsonEncodedText.Encode(text).ToString();
}
