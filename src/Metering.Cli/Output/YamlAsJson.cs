using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Metering.Cli;

/// <summary>Writes a YAML document as JSON: mappings, sequences, texts, and the plain words true, false and null.</summary>
internal static class YamlAsJson
{
    /// <summary>Writes the first document of the text; an empty text is an empty object.</summary>
    public static void Write(string yaml, Utf8JsonWriter json)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        if (stream.Documents.Count > 0)
        {
            Write(stream.Documents[0].RootNode, json);
        }
        else
        {
            json.WriteStartObject();
            json.WriteEndObject();
        }
    }

    private static void Write(YamlNode node, Utf8JsonWriter json)
    {
        switch (node)
        {
            case YamlMappingNode mapping:
                json.WriteStartObject();
                foreach ((YamlNode name, YamlNode value) in mapping.Children)
                {
                    json.WritePropertyName(((YamlScalarNode)name).Value ?? string.Empty);
                    Write(value, json);
                }

                json.WriteEndObject();
                break;
            case YamlSequenceNode sequence:
                json.WriteStartArray();
                foreach (YamlNode item in sequence.Children)
                    Write(item, json);
                json.WriteEndArray();
                break;
            case YamlScalarNode { Style: ScalarStyle.Plain, Value: "true" or "false" } word:
                json.WriteBooleanValue(word.Value == "true");
                break;
            case YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" }:
                json.WriteNullValue();
                break;
            default:
                json.WriteStringValue(((YamlScalarNode)node).Value);
                break;
        }
    }
}
