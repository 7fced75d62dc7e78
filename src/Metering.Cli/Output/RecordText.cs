using System.Globalization;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary>An accepted record as text, in the same order of fields everywhere.</summary>
internal static class RecordText
{
    /// <summary>The names of the columns of CSV.</summary>
    public static readonly IReadOnlyList<string> Columns =
    [
        "uuid", "product_id", "product_instance_id", "billing_account_id", "sku_id", "unit", "quantity", "timestamp", "accepted",
        "service_account_id", "request_id",
    ];

    /// <summary>The fields, one for each column.</summary>
    public static string[] FieldsOf(AcceptedRecord record) =>
    [
        record.Uuid, record.ProductId, record.ProductInstanceId, record.BillingAccountId, record.SkuId, record.Unit,
        record.Quantity.ToString(CultureInfo.InvariantCulture), TimeOf(record.Timestamp), TimeOf(record.Accepted), record.ServiceAccountId,
        record.RequestId,
    ];

    /// <summary>The members of a JSON object, named as the columns are; all of them texts: a quantity may need all 64 bits.</summary>
    public static void WriteMembers(AcceptedRecord record, Utf8JsonWriter json)
    {
        foreach ((string name, string value) in Columns.Zip(FieldsOf(record)))
            json.WriteString(name, value);
    }

    // As the server's export writes it: a fraction has no digits, three, six or nine.
    private static string TimeOf(Timestamp? moment) => moment?.ToString().Trim('"') ?? string.Empty;

    /// <summary>Whose usage it is, as short as it can be said.</summary>
    public static string OwnerOf(AcceptedRecord record) =>
        record.ProductInstanceId.Length > 0 ? record.ProductInstanceId : $"{record.ProductId} of {record.BillingAccountId}";
}
