using System.Text.Json.Nodes;
using Google.Protobuf.Reflection;

namespace Metering.Server;

/// <summary>Schemas of protobuf messages and enums as their JSON form has them; each is made once and referred to by its full name.</summary>
internal sealed class OpenApiSchemas
{
    private const string Prefix = "#/components/schemas/";

    /// <summary>Everything that was referred to, by full name.</summary>
    public JsonObject Schemas { get; } = [];

    /// <summary>A reference to a message, which is described when this is the first one.</summary>
    public JsonObject Reference(MessageDescriptor message)
    {
        if (!Schemas.ContainsKey(message.FullName))
        {
            var properties = new JsonObject();
            Schemas[message.FullName] = new JsonObject { ["type"] = "object", ["properties"] = properties }; // before its fields, which may refer to it
            foreach (FieldDescriptor field in message.Fields.InDeclarationOrder())
                properties[field.JsonName] = Field(field);
        }

        return Reference(message.FullName);
    }

    /// <summary>The schema of one field, whatever its cardinality.</summary>
    public JsonObject Field(FieldDescriptor field)
    {
        if (field.IsMap)
            return new JsonObject { ["type"] = "object", ["additionalProperties"] = Value(field.MessageType.FindFieldByNumber(2)) };
        return field.IsRepeated ? new JsonObject { ["type"] = "array", ["items"] = Value(field) } : Value(field);
    }

    private JsonObject Value(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.Message or FieldType.Group => Message(field.MessageType),
        FieldType.Enum => Reference(field.EnumType),
        FieldType.Bool => Scalar("boolean"),
        FieldType.String => Scalar("string"),
        FieldType.Bytes => Scalar("string", "byte"),
        FieldType.Double => Scalar("number", "double"),
        FieldType.Float => Scalar("number", "float"),
        FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 => Scalar("integer", "int32"),
        FieldType.UInt32 or FieldType.Fixed32 => Scalar("integer", "uint32"),
        FieldType.UInt64 or FieldType.Fixed64 => Scalar("string", "uint64"), // a number of JSON is exact to 53 bits only
        _ => Scalar("string", "int64"),
    };

    private JsonObject Message(MessageDescriptor message) => message.FullName switch
    {
        "google.protobuf.Timestamp" => Scalar("string", "date-time"),
        "google.protobuf.Duration" => Scalar("string", "duration"),
        _ => Reference(message),
    };

    private JsonObject Reference(EnumDescriptor values)
    {
        if (!Schemas.ContainsKey(values.FullName))
        {
            JsonObject schema = Scalar("string");
            schema["enum"] = new JsonArray([.. values.Values.Select(value => JsonValue.Create(value.Name))]);
            Schemas[values.FullName] = schema;
        }

        return Reference(values.FullName);
    }

    private static JsonObject Reference(string fullName) => new() { ["$ref"] = Prefix + fullName };

    private static JsonObject Scalar(string type, string? format = null)
    {
        var schema = new JsonObject { ["type"] = type };
        if (format is not null)
            schema["format"] = format;
        return schema;
    }
}
