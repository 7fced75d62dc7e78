using System.Text.Json;

namespace Metering.Cli;

/// <summary>How far an export into a file came: everything up to here is on disk, and the rest of the records comes after the cursor.</summary>
/// <param name="Question">What is exported, so that an export goes on only with the same.</param>
/// <param name="Cursor">The place after the records that are in the file.</param>
/// <param name="Bytes">Length of the file's part that holds them.</param>
/// <param name="Records">How many they are.</param>
internal sealed record ExportPlace(string Question, string Cursor, long Bytes, long Records)
{
    /// <summary>Reads a place; null when it is none.</summary>
    public static ExportPlace? Parse(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            JsonElement root = document.RootElement;
            return new ExportPlace(
                root.GetProperty("question").GetString()!, root.GetProperty("cursor").GetString()!, root.GetProperty("bytes").GetInt64(),
                root.GetProperty("records").GetInt64());
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    /// <summary>As text, which <see cref="Parse"/> reads.</summary>
    public override string ToString()
    {
        using var text = new StringWriter();
        Json.Write(text, json =>
        {
            json.WriteStartObject();
            json.WriteString("question", Question);
            json.WriteString("cursor", Cursor);
            json.WriteNumber("bytes", Bytes);
            json.WriteNumber("records", Records);
            json.WriteEndObject();
        });
        return text.ToString();
    }
}
