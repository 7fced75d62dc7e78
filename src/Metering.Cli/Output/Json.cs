using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Metering.Cli;

/// <summary>JSON as the commands print it: two spaces a level, text as it is.</summary>
internal static class Json
{
    /// <summary>How documents are written.</summary>
    public static readonly JsonWriterOptions Form = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonWriterOptions OneLine = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes one document and a line feed.</summary>
    public static void Write(TextWriter output, Action<Utf8JsonWriter> write, bool indented = true)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, indented ? Form : OneLine))
            write(json);
        output.Write(Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length) + "\n");
    }
}
