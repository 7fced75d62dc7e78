using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Metering.Grpc;

/// <summary>JSON that stays JSON: google.protobuf.Struct, Value and ListValue. Its numbers are doubles by definition.</summary>
internal static class FreeFormJson
{
    /// <summary>Whether JSON that starts with this token is of the kind that the message holds.</summary>
    public static bool Holds(MessageDescriptor type, JsonTokenType token) => type.FullName switch
    {
        WellKnown.Struct => token == JsonTokenType.StartObject,
        WellKnown.ListValue => token == JsonTokenType.StartArray,
        _ => true,
    };

    /// <summary>Null with the message, or what is wrong.</summary>
    public static string? TryRead(ref Utf8JsonReader json, MessageDescriptor type, out IMessage? message)
    {
        message = null;
        using JsonDocument document = JsonDocument.ParseValue(ref json);
        try
        {
            message = type.FullName switch
            {
                WellKnown.Struct => ToStruct(document.RootElement),
                WellKnown.ListValue => ToList(document.RootElement),
                _ => ToValue(document.RootElement),
            };
            return null;
        }
        catch (InvalidOperationException)
        {
            return "a text within is not valid Unicode";
        }
        catch (OverflowException)
        {
            return "a number within is out of the range of a double";
        }
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
        JsonValueKind.Number => new Value { NumberValue = Finite(json.GetDouble()) },
        JsonValueKind.True => new Value { BoolValue = true },
        JsonValueKind.False => new Value { BoolValue = false },
        _ => new Value { NullValue = NullValue.NullValue },
    };

    private static double Finite(double number) => double.IsFinite(number) ? number : throw new OverflowException();
}
