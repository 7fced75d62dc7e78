using System.Collections;
using System.Text.Encodings.Web;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Metering.Grpc;

/// <summary>
/// Messages into JSON: lowerCamelCase, 64-bit integers as strings, enums by name, defaults present, messages and optional
/// fields only when they are set.
/// </summary>
internal static class JsonMessageWriter
{
    public static readonly JsonWriterOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    public static void Write(Utf8JsonWriter json, IMessage message)
    {
        json.WriteStartObject();
        WriteFields(json, message);
        json.WriteEndObject();
    }

    /// <summary>The fields alone, into an object that was begun.</summary>
    public static void WriteFields(Utf8JsonWriter json, IMessage message)
    {
        foreach (FieldDescriptor field in message.Descriptor.Fields.InFieldNumberOrder())
        {
            if (field.HasPresence && !field.Accessor.HasValue(message))
                continue;
            json.WritePropertyName(field.JsonName);
            WriteField(json, field, field.Accessor.GetValue(message));
        }
    }

    /// <summary>A message in its own spelling: an object, or what JSON has for a well-known type.</summary>
    public static void WriteMessage(Utf8JsonWriter json, IMessage message)
    {
        switch (message)
        {
            case Timestamp moment:
                json.WriteStringValue(TimeText.Format(moment));
                break;
            case Duration span:
                json.WriteStringValue(TimeText.Format(span));
                break;
            case FieldMask mask:
                json.WriteStringValue(FieldMaskText.Format(mask));
                break;
            case Struct or Value or ListValue:
                FreeFormJson.Write(json, message);
                break;
            case var wrapper when wrapper.Descriptor.IsWrapper():
                FieldDescriptor wrapped = wrapper.Descriptor.WrappedField();
                WriteScalar(json, wrapped, wrapped.Accessor.GetValue(wrapper));
                break;
            default:
                Write(json, message);
                break;
        }
    }

    public static void WriteField(Utf8JsonWriter json, FieldDescriptor field, object value)
    {
        if (field.IsMap)
        {
            WriteMap(json, (IDictionary)value, field.MessageType.FindFieldByNumber(1), field.MessageType.FindFieldByNumber(2));
        }
        else if (field.IsRepeated)
        {
            json.WriteStartArray();
            foreach (object element in (IList)value)
                WriteScalar(json, field, element);
            json.WriteEndArray();
        }
        else
        {
            WriteScalar(json, field, value);
        }
    }

    private static void WriteMap(Utf8JsonWriter json, IDictionary map, FieldDescriptor keyField, FieldDescriptor valueField)
    {
        json.WriteStartObject();
        foreach (DictionaryEntry entry in map)
        {
            json.WritePropertyName(keyField.FieldType == FieldType.Bool ? ((bool)entry.Key ? "true" : "false") : $"{entry.Key}");
            WriteScalar(json, valueField, entry.Value!);
        }

        json.WriteEndObject();
    }

    private static void WriteScalar(Utf8JsonWriter json, FieldDescriptor field, object value)
    {
        switch (value)
        {
            case IMessage message:
                WriteMessage(json, message);
                break;
            case string text:
                json.WriteStringValue(text);
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case ByteString bytes:
                json.WriteBase64StringValue(bytes.Span);
                break;
            case long or ulong:
                json.WriteStringValue($"{value}");
                break;
            case double real:
                WriteReal(json, real, real);
                break;
            case float single:
                WriteReal(json, single, single);
                break;
            case uint number:
                json.WriteNumberValue(number);
                break;
            case int number when field.FieldType != FieldType.Enum:
                json.WriteNumberValue(number);
                break;
            default:
                WriteEnum(json, field, value);
                break;
        }
    }

    private static void WriteReal(Utf8JsonWriter json, double value, object original)
    {
        if (double.IsNaN(value))
            json.WriteStringValue("NaN");
        else if (double.IsInfinity(value))
            json.WriteStringValue(value > 0 ? "Infinity" : "-Infinity");
        else if (original is float single)
            json.WriteNumberValue(single);
        else
            json.WriteNumberValue(value);
    }

    private static void WriteEnum(Utf8JsonWriter json, FieldDescriptor field, object value)
    {
        int number = Convert.ToInt32(value, null);
        EnumDescriptor? type = field.FieldType == FieldType.Enum ? field.EnumType : null;
        if (type?.FindValueByNumber(number) is not { } named)
            json.WriteNumberValue(number);
        else if (type.FullName == "google.protobuf.NullValue")
            json.WriteNullValue();
        else
            json.WriteStringValue(named.Name);
    }
}
