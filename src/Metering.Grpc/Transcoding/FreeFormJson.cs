using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Metering.Grpc;

/// <summary>JSON that stays JSON: google.protobuf.Struct, Value and ListValue. Its numbers are doubles by definition.</summary>
internal static class FreeFormJson
{
    /// <summary>Null when the JSON is not of the kind that the message holds.</summary>
    public static IMessage? Read(ref Utf8JsonReader json, MessageDescriptor type)
    {
        using JsonDocument document = JsonDocument.ParseValue(ref json);
        JsonElement root = document.RootElement;
        return type.FullName switch
        {
            WellKnown.Struct => root.ValueKind == JsonValueKind.Object ? ToStruct(root) : null,
            WellKnown.ListValue => root.ValueKind == JsonValueKind.Array ? ToList(root) : null,
            _ => ToValue(root),
        };
    }

    public static void Write(Utf8JsonWriter json, IMessage message)
    {
        switch (message)
        {
            case Struct members:
                json.WriteStartObject();
                foreach ((string name, Value member) in members.Fields)
                {
                    json.WritePropertyName(name);
                    Write(json, member);
                }

                json.WriteEndObject();
                break;
            case ListValue list:
                json.WriteStartArray();
                foreach (Value element in list.Values)
                    Write(json, element);
                json.WriteEndArray();
                break;
            case Value value:
                WriteValue(json, value);
                break;
        }
    }

    private static void WriteValue(Utf8JsonWriter json, Value value)
    {
        switch (value.KindCase)
        {
            case Value.KindOneofCase.NumberValue:
                json.WriteNumberValue(value.NumberValue);
                break;
            case Value.KindOneofCase.StringValue:
                json.WriteStringValue(value.StringValue);
                break;
            case Value.KindOneofCase.BoolValue:
                json.WriteBooleanValue(value.BoolValue);
                break;
            case Value.KindOneofCase.StructValue:
                Write(json, value.StructValue);
                break;
            case Value.KindOneofCase.ListValue:
                Write(json, value.ListValue);
                break;
            default:
                json.WriteNullValue();
                break;
        }
    }

    private static Struct ToStruct(JsonElement json)
    {
        var members = new Struct();
        foreach (JsonProperty member in json.EnumerateObject())
            members.Fields[member.Name] = ToValue(member.Value);
        return members;
    }

    private static ListValue ToList(JsonElement json) => new() { Values = { json.EnumerateArray().Select(ToValue) } };

    private static Value ToValue(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => new Value { StructValue = ToStruct(json) },
        JsonValueKind.Array => new Value { ListValue = ToList(json) },
        JsonValueKind.String => new Value { StringValue = json.GetString() },
        JsonValueKind.Number => new Value { NumberValue = json.GetDouble() },
        JsonValueKind.True => new Value { BoolValue = true },
        JsonValueKind.False => new Value { BoolValue = false },
        _ => new Value { NullValue = NullValue.NullValue },
    };
}
