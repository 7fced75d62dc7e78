namespace Metering.Bench;

/// <summary>The place of the tables in a document: between two lines.</summary>
internal static class DocumentPlace
{
    public const string Begin = "<!-- bench:begin -->";
    public const string End = "<!-- bench:end -->";

    /// <summary>Whether a document has it.</summary>
    public static bool IsIn(string document) => File.Exists(document) && TryFind(File.ReadAllText(document), out _, out _);

    /// <summary>Replaces what is there.</summary>
    public static void Put(string document, string tables) => File.WriteAllText(document, Replace(File.ReadAllText(document), tables));

    internal static string Replace(string markdown, string tables) => TryFind(markdown, out int begin, out int end)
        ? $"{markdown[..begin]}\n{tables}\n{markdown[end..]}"
        : throw new BenchException($"The document has no lines {Begin} and {End}.");

    private static bool TryFind(string markdown, out int begin, out int end)
    {
        begin = markdown.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        end = markdown.IndexOf(End, StringComparison.Ordinal);
        return begin >= Begin.Length && end >= begin;
    }
}
