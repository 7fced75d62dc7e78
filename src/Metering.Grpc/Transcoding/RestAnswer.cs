using System.Buffers;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Metering.Grpc;

/// <summary>The bodies of REST answers.</summary>
internal static class RestAnswer
{
    private const string TypePrefix = "type.googleapis.com/";

    /// <summary>A response message, or the one field of it that is the answer.</summary>
    public static ReadOnlyMemory<byte> Body(IMessage response, FieldDescriptor? field) => Write(json =>
    {
        if (field is null)
            JsonMessageWriter.WriteMessage(json, response);
        else
            JsonMessageWriter.WriteField(json, field, field.Accessor.GetValue(response));
    });

    /// <summary>A refusal: code, message and details.</summary>
    public static ReadOnlyMemory<byte> Error(RpcStatus status) => Write(json =>
    {
        json.WriteStartObject();
        json.WriteNumber("code", (int)status.Code);
        json.WriteString("message", status.Message);
        json.WriteStartArray("details");
        foreach (IMessage detail in status.Details ?? [])
            WriteDetail(json, detail);
        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static void WriteDetail(Utf8JsonWriter json, IMessage detail)
    {
        json.WriteStartObject();
        json.WriteString("@type", TypePrefix + detail.Descriptor.FullName);
        if (detail.Descriptor.IsWellKnown())
        {
            json.WritePropertyName("value");
            JsonMessageWriter.WriteMessage(json, detail);
        }
        else
        {
            JsonMessageWriter.WriteFields(json, detail);
        }

        json.WriteEndObject();
    }

    private static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> fill)
    {
        var body = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(body, JsonMessageWriter.Options);
        fill(json);
        json.Flush();
        return body.WrittenMemory;
    }
}
