using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Yandex.Cloud.Marketplace.Metering.V1;

namespace Metering.Cli;

/// <summary>
/// The fields of a record as text. Only what cannot be sent is refused here; whether a record counts is the server's
/// verdict alone.
/// </summary>
internal sealed class RecordFields
{
    private const int UuidCharactersMaximum = 36;
    private const int IdCharactersMaximum = 50;

    /// <summary>The names, in the order that messages give them.</summary>
    public const string Names = "uuid, sku_id, quantity, timestamp";

    /// <summary>The record's uuid; a new one when there is none.</summary>
    public string? Uuid { get; set; }

    /// <summary>The SKU.</summary>
    public string? SkuId { get; set; }

    /// <summary>The amount, a whole number.</summary>
    public string? Quantity { get; set; }

    /// <summary>RFC 3339; now when there is none.</summary>
    public string? Timestamp { get; set; }

    /// <summary>Makes the record.</summary>
    /// <exception cref="InputFault">A field is missing or malformed.</exception>
    public UsageRecord ToRecord(TimeProvider time)
    {
        if (string.IsNullOrEmpty(SkuId))
            throw new InputFault("sku_id is missing");
        if (SkuId.Length > IdCharactersMaximum)
            throw new InputFault($"sku_id has {SkuId.Length} characters, at most {IdCharactersMaximum} are allowed");
        if (Uuid?.Length > UuidCharactersMaximum)
            throw new InputFault($"uuid has {Uuid.Length} characters, at most {UuidCharactersMaximum} are allowed");
        if (string.IsNullOrEmpty(Quantity))
            throw new InputFault("quantity is missing");
        if (!long.TryParse(Quantity, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long quantity))
            throw new InputFault($"quantity '{Shorten(Quantity)}' is no whole number of 64 bits");
        return new UsageRecord
        {
            Uuid = string.IsNullOrEmpty(Uuid) ? Guid.NewGuid().ToString() : Uuid,
            SkuId = SkuId,
            Quantity = quantity,
            Timestamp = string.IsNullOrEmpty(Timestamp) ? Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(time.GetUtcNow())
                : ParseTime(Timestamp),
        };
    }

    /// <summary>Sets a field by its name, as JSON and CSV spell it.</summary>
    /// <returns>Whether there is such a field.</returns>
    public bool TrySet(string name, string? value)
    {
        switch (name)
        {
            case "uuid":
                Uuid = value;
                return true;
            case "sku_id" or "skuId":
                SkuId = value;
                return true;
            case "quantity":
                Quantity = value;
                return true;
            case "timestamp":
                Timestamp = value;
                return true;
            default:
                return false;
        }
    }

    /// <summary>Not more of a text than a message bears.</summary>
    public static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "…";

    private static Timestamp ParseTime(string text)
    {
        try
        {
            // Protobuf's own reader: RFC 3339 to the nanosecond, and nothing else.
            return JsonParser.Default.Parse<Timestamp>($"\"{JsonEncodedText(text)}\"");
        }
        catch (Exception fault) when (fault is InvalidProtocolBufferException or InvalidJsonException or FormatException)
        {
            throw new InputFault($"timestamp '{Shorten(text)}' is not RFC 3339, such as 2026-01-31T12:00:00Z");
        }
    }

    private static string JsonEncodedText(string text) => System.Text.Json.JsonEncodedText.Encode(text).ToString();
}
