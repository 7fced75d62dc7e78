using System.Text;

namespace Metering.Cli;

/// <summary>The header of a CSV file, which says what each column is; reads the lines below it.</summary>
internal sealed class CsvHeader
{
    private readonly string[] _names;

    private CsvHeader(string[] names) => _names = names;

    /// <summary>Reads the header.</summary>
    /// <exception cref="InputFault">A column is unknown, missing or there twice.</exception>
    public static CsvHeader Parse(string line)
    {
        string[] names = [.. Split(line).Select(name => name.Trim())];
        var probe = new RecordFields();
        foreach (string name in names)
        {
            if (!probe.TrySet(name, name))
                throw new InputFault($"column '{RecordFields.Shorten(name)}' is unknown; expected a header of {RecordFields.Names}");
        }

        string[] canonical = [.. names.Select(name => name == "skuId" ? "sku_id" : name)];
        if (canonical.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1) is { } doubled)
            throw new InputFault($"column '{doubled.Key}' is there twice");
        if (Array.Find(["sku_id", "quantity"], name => !canonical.Contains(name)) is { } missing)
            throw new InputFault($"column '{missing}' is missing; expected a header of {RecordFields.Names}");
        return new CsvHeader(canonical);
    }

    /// <summary>The fields of a line below the header.</summary>
    /// <exception cref="InputFault">It has too many or too few fields, or a quote without an end.</exception>
    public RecordFields ParseLine(string line)
    {
        List<string> values = Split(line);
        if (values.Count != _names.Length)
            throw new InputFault($"the line has {values.Count} fields, the header has {_names.Length}");
        var fields = new RecordFields();
        for (int index = 0; index < _names.Length; index++)
            fields.TrySet(_names[index], values[index].Trim());
        return fields;
    }

    // RFC 4180, except that a quoted field ends with its line: no field of a record holds a line break.
    internal static List<string> Split(string line)
    {
        var fields = new List<string>();
        var field = new StringBuilder();
        bool isQuoted = false;
        for (int index = 0; index < line.Length; index++)
        {
            char character = line[index];
            if (character == '"' && isQuoted && index + 1 < line.Length && line[index + 1] == '"')
            {
                field.Append('"');
                index++;
            }
            else if (character == '"' && (isQuoted || field.Length == 0))
            {
                isQuoted = !isQuoted;
            }
            else if (character == ',' && !isQuoted)
            {
                fields.Add(field.ToString());
                field.Clear();
            }
            else
            {
                field.Append(character);
            }
        }

        if (isQuoted)
            throw new InputFault("a quote has no end");
        fields.Add(field.ToString());
        return fields;
    }
}
