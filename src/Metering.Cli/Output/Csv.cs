namespace Metering.Cli;

/// <summary>Comma-separated values as RFC 4180 has them, with line feeds.</summary>
internal static class Csv
{
    /// <summary>Writes one line.</summary>
    public static void WriteLine(TextWriter output, params IEnumerable<string> fields) =>
        output.Write(string.Join(',', fields.Select(Quote)) + "\n");

    private static string Quote(string field) =>
        field.AsSpan().ContainsAny(",\"\r\n") ? $"\"{field.Replace("\"", "\"\"")}\"" : field;
}
