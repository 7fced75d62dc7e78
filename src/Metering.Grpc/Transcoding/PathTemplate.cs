namespace Metering.Grpc;

/// <summary>
/// A path of <c>google.api.http</c>: literal segments, <c>*</c> (one segment), <c>**</c> (all that is left, last),
/// <c>{field}</c>, <c>{field=shelves/*}</c> and a <c>:verb</c> at the end.
/// </summary>
internal sealed class PathTemplate
{
    private const string One = "*";
    private const string Rest = "**";

    private readonly List<string> _segments = [];
    private readonly List<Variable> _variables = [];

    private PathTemplate(string text) => Text = text;

    public string Text { get; }

    public string? Verb { get; private set; }

    public IReadOnlyList<Variable> Variables => _variables;

    /// <summary>Matches itself and nothing else.</summary>
    public bool IsLiteral => _variables.Count == 0 && !_segments.Contains(One) && !EndsWithRest;

    /// <summary>How narrow it is; the narrower of two that match one path wins.</summary>
    public int Specificity =>
        (Verb is null ? 0 : 1000) + (EndsWithRest ? 0 : 500) + _segments.Count(segment => segment is not (One or Rest));

    private bool EndsWithRest => _segments[^1] == Rest;

    /// <exception cref="FormatException">The text is not a path template.</exception>
    public static PathTemplate Parse(string text)
    {
        var template = new PathTemplate(text);
        if (text.Length == 0 || text[0] != '/')
            throw template.Malformed("it does not start with '/'");
        ReadOnlySpan<char> path = text.AsSpan(1);
        int verb = path.LastIndexOf(':');
        if (verb >= 0 && verb > path.LastIndexOf('/') && verb > path.LastIndexOf('}'))
        {
            template.Verb = path[(verb + 1)..].ToString();
            path = path[..verb];
        }

        while (true)
        {
            int length = template.AddPart(path);
            if (length == path.Length)
                break;
            if (path[length] != '/')
                throw template.Malformed($"'/' is missing before \"{path[length..]}\"");
            path = path[(length + 1)..];
        }

        if (template._segments.IndexOf(Rest) is >= 0 and var rest && rest != template._segments.Count - 1)
            throw template.Malformed("** is not last");
        return template;
    }

    /// <summary>The variables' values when the path matches: undecoded segments in, decoded values out.</summary>
    public IReadOnlyList<string>? Match(IReadOnlyList<string> rawSegments)
    {
        if (EndsWithRest ? rawSegments.Count < _segments.Count - 1 : rawSegments.Count != _segments.Count)
            return null;
        for (int index = 0; index < rawSegments.Count && index < _segments.Count; index++)
        {
            if (_segments[index] == Rest)
                break;
            string raw = index == rawSegments.Count - 1 ? WithoutVerb(rawSegments[index]) : rawSegments[index];
            if (raw.Length == 0 || (_segments[index] != One && _segments[index] != Uri.UnescapeDataString(raw)))
                return null;
        }

        if (Verb is not null && !(rawSegments.Count > 0 && rawSegments[^1].EndsWith(":" + Verb, StringComparison.Ordinal)))
            return null;
        return [.. _variables.Select(variable => Value(variable, rawSegments))];
    }

    private int AddPart(ReadOnlySpan<char> path)
    {
        if (path.Length > 0 && path[0] == '{')
        {
            int end = path.IndexOf('}');
            if (end < 0)
                throw Malformed("'}' is missing");
            AddVariable(path[1..end]);
            return end + 1;
        }

        int length = path.IndexOf('/') is >= 0 and var slash ? slash : path.Length;
        AddSegment(path[..length]);
        return length;
    }

    private void AddVariable(ReadOnlySpan<char> variable)
    {
        int equals = variable.IndexOf('=');
        int start = _segments.Count;
        ReadOnlySpan<char> pattern = equals < 0 ? One : variable[(equals + 1)..];
        foreach (Range segment in pattern.Split('/'))
            AddSegment(pattern[segment]);
        _variables.Add(new((equals < 0 ? variable : variable[..equals]).ToString(), start, _segments.Count));
    }

    private void AddSegment(ReadOnlySpan<char> segment)
    {
        if (segment.IsEmpty || segment.IndexOfAny("{}=") >= 0)
            throw Malformed($"\"{segment}\" is not a segment");
        _segments.Add(segment.ToString());
    }

    private string Value(Variable variable, IReadOnlyList<string> rawSegments)
    {
        int end = _segments[variable.End - 1] == Rest ? rawSegments.Count : variable.End;
        List<string> values = [];
        for (int index = variable.Start; index < end; index++)
            values.Add(index == rawSegments.Count - 1 ? WithoutVerb(rawSegments[index]) : rawSegments[index]);

        // In a value of several segments an encoded '/' stays encoded, or it could not be told from those between them.
        return values.Count == 1 && variable.End - variable.Start == 1 && _segments[variable.Start] != Rest
            ? Uri.UnescapeDataString(values[0])
            : string.Join('/', values
                .Select(value => value.Replace("%2F", "%252F", StringComparison.OrdinalIgnoreCase))
                .Select(Uri.UnescapeDataString));
    }

    private string WithoutVerb(string segment) => Verb is not null && segment.EndsWith(":" + Verb, StringComparison.Ordinal)
        ? segment[..^(Verb.Length + 1)]
        : segment;

    private FormatException Malformed(string reason) => new($"\"{Text}\" is not a path template: {reason}.");

    /// <param name="FieldPath">Field of the request, with '.' between the names.</param>
    /// <param name="Start">First segment.</param>
    /// <param name="End">Segment after the last.</param>
    internal readonly record struct Variable(string FieldPath, int Start, int End);
}
