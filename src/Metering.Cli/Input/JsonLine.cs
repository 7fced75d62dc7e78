using System.Text.Json;

namespace Metering.Cli;

/// <summary>Reads a record from one line of JSON: <c>{"sku_id": "…", "quantity": 1}</c>, lowerCamelCase too.</summary>
internal static class JsonLine
{
    /// <summary>The fields of a line.</summary>
    /// <exception cref="InputFault">It is not a JSON object of known members.</exception>
    public static RecordFields Parse(string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new InputFault("this is not a JSON object; expected one a line, such as {\"sku_id\": \"ID\", \"quantity\": 1}");
            var fields = new RecordFields();
            var seen = new HashSet<string>();
            foreach (JsonProperty member in document.RootElement.EnumerateObject())
            {
                if (!fields.TrySet(member.Name, null))
                    throw new InputFault($"member '{RecordFields.Shorten(member.Name)}' is unknown; expected {RecordFields.Names}");
                if (!seen.Add(member.Name == "skuId" ? "sku_id" : member.Name))
                    throw new InputFault($"member '{member.Name}' is there twice");
                fields.TrySet(member.Name, Text(member));
            }

            return fields;
        }
        catch (JsonException fault)
        {
            throw new InputFault($"this is not JSON, from character {fault.BytePositionInLine + 1} on");
        }
        catch (InvalidOperationException)
        {
            throw new InputFault("a text is not valid Unicode: half of a surrogate pair stands alone");
        }
    }

    private static string? Text(JsonProperty member) => member.Value.ValueKind switch
    {
        JsonValueKind.String => member.Value.GetString(),
        JsonValueKind.Null => null,
        JsonValueKind.Number when member.Name == "quantity" => member.Value.GetRawText(),
        _ => throw new InputFault(
            $"member '{RecordFields.Shorten(member.Name)}' is no text{(member.Name == "quantity" ? " and no number" : string.Empty)}"),
    };
}
