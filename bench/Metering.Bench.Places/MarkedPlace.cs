namespace Metering.Bench.Places;

/// <summary>A place in a document, between two lines, that a program writes anew; what is around it is written by people.</summary>
/// <param name="name">What the two lines call it.</param>
public sealed class MarkedPlace(string name)
{
    /// <summary>The line before it.</summary>
    public string Begin { get; } = $"<!-- {name}:begin -->";

    /// <summary>The line after it.</summary>
    public string End { get; } = $"<!-- {name}:end -->";

    /// <summary>The two lines, for a message.</summary>
    public override string ToString() => $"lines {Begin} and {End}";

    /// <summary>Whether a document is there and has it.</summary>
    /// <param name="document">Path of the document.</param>
    public bool IsIn(string document) => File.Exists(document) && Find(File.ReadAllText(document)) is not null;

    /// <summary>What is there in a text; null when the text does not have it.</summary>
    public string? Find(string text) => TryFind(text, out int begin, out int end) ? text[begin..end] : null;

    /// <summary>A text with something else there.</summary>
    /// <exception cref="IOException">The text does not have it.</exception>
    public string Replace(string text, string content) => TryFind(text, out int begin, out int end)
        ? $"{text[..begin]}\n{content.Trim('\n')}\n{text[end..]}"
        : throw new IOException($"The document has no {this}.");

    /// <summary>Puts something there in a document.</summary>
    /// <param name="document">Path of the document.</param>
    /// <param name="content">What is to be there.</param>
    /// <exception cref="IOException">The document does not have it, or cannot be read or written.</exception>
    public void Put(string document, string content) => File.WriteAllText(document, Replace(File.ReadAllText(document), content));

    private bool TryFind(string text, out int begin, out int end)
    {
        begin = text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        end = text.IndexOf(End, StringComparison.Ordinal);
        return begin >= Begin.Length && end >= begin;
    }
}
