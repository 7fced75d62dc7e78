using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Metering.Cli;

/// <summary>
/// Uuids from a text: one a line, or the <c>uuid</c> of each line of CSV or of JSON, whatever else is in it. The first line
/// tells which it is. In constant memory.
/// </summary>
internal static class UuidSource
{
    private const string Name = "uuid";

    // What the wire takes; longer ones are nobody's.
    private const int UuidCharactersMaximum = 36;

    /// <summary>The uuids, as they are written.</summary>
    /// <exception cref="CommandException">A line has none; the message names it.</exception>
    public static async IAsyncEnumerable<string> ReadAsync(
        Stream stream, string name, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Func<string, string>? uuidOf = null;
        long number = 0;
        await using IAsyncEnumerator<InputLine> lines = LineReader.ReadAsync(stream, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await NextAsync(lines, name, number))
        {
            number = lines.Current.Number;
            string text = lines.Current.Text.Trim();
            if (text.Length == 0)
                continue;
            if (uuidOf is null)
            {
                uuidOf = FormOf(text, out bool isHeader);
                if (isHeader)
                    continue;
            }

            yield return Uuid(uuidOf, text, name, number);
        }
    }

    private static async Task<bool> NextAsync(IAsyncEnumerator<InputLine> lines, string name, long number)
    {
        try
        {
            return await lines.MoveNextAsync();
        }
        catch (InputFault fault)
        {
            throw new CommandException(ExitCodes.BadUsage, $"{name}:{number + 1}: {fault.Message}.", fault);
        }
    }

    private static string Uuid(Func<string, string> uuidOf, string text, string name, long number)
    {
        try
        {
            string uuid = uuidOf(text);
            return uuid.Length switch
            {
                0 => throw new InputFault("the line has no uuid"),
                > UuidCharactersMaximum => throw new InputFault(
                    $"'{RecordFields.Shorten(uuid)}' has {uuid.Length} characters, a uuid has at most {UuidCharactersMaximum}"),
                _ => uuid,
            };
        }
        catch (InputFault fault)
        {
            throw new CommandException(ExitCodes.BadUsage, $"{name}:{number}: {fault.Message}.", fault);
        }
    }

    private static Func<string, string> FormOf(string first, out bool isHeader)
    {
        isHeader = false;
        if (first.StartsWith('{'))
            return OfJson;
        List<string> names = [.. first.Split(',').Select(name => name.Trim().Trim('"'))];
        int column = names.IndexOf(Name);
        isHeader = column >= 0;
        return isHeader ? text => CsvHeader.Split(text).ElementAtOrDefault(column)?.Trim() ?? string.Empty : text => text;
    }

    private static string OfJson(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(Name, out JsonElement uuid)
                && uuid.ValueKind == JsonValueKind.String ? uuid.GetString()! : string.Empty;
        }
        catch (JsonException fault)
        {
            throw new InputFault($"this is not JSON, from character {fault.BytePositionInLine + 1} on");
        }
    }
}
