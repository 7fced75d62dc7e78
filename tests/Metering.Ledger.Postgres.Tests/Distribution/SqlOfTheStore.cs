using System.Text.RegularExpressions;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>One statement in the store's sources.</summary>
/// <param name="File">Path below the store's folder.</param>
/// <param name="Text">The statement, on one line.</param>
internal sealed record StoreStatement(string File, string Text)
{
    /// <summary>Whether it is one of the schema, which one node runs once.</summary>
    public bool IsSchema => File.StartsWith("Tables/", StringComparison.Ordinal);

    public override string ToString() => $"{File}: {Text}";
}

/// <summary>Every statement of the store, read from the string literals of its sources.</summary>
internal static partial class SqlOfTheStore
{
    private static readonly string Folder = Checkout.PathOf("src/Metering.Ledger.Postgres");

    /// <summary>All of them, a literal with several statements as several.</summary>
    public static IReadOnlyList<StoreStatement> All { get; } =
        [.. Directory.EnumerateFiles(Folder, "*.cs", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .SelectMany(path => Of(Path.GetRelativePath(Folder, path), File.ReadAllText(path)))];

    /// <summary>The statements in one source.</summary>
    public static IEnumerable<StoreStatement> Of(string file, string source) => Literal().Matches(Comment().Replace(source, ""))
        .Select(literal => literal.Groups["long"].Success ? literal.Groups["long"].Value : literal.Groups["short"].Value)
        .SelectMany(text => text.Split(';'))
        .Select(text => Spaces().Replace(text, " ").Trim())
        .Where(text => Verb().IsMatch(text))
        .Select(text => new StoreStatement(file, text));

    // Messages begin with a capital letter and go on in small ones; statements begin with a verb in capitals.
    [GeneratedRegex(@"^(?:SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|ALTER|DROP|BEGIN|COMMIT|ROLLBACK|SET|SHOW|LOCK|COPY|TRUNCATE|MERGE|CALL|DO|DECLARE|FETCH|GRANT|PREPARE|SAVEPOINT|LISTEN|UNLISTEN|NOTIFY|VACUUM|ANALYZE)\b", RegexOptions.NonBacktracking)]
    private static partial Regex Verb();

    [GeneratedRegex(""""
        """(?<long>.*?)"""|"(?<short>(?:[^"\\\n]|\\.)*)"
        """", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Literal();

    [GeneratedRegex(@"(?<=^|\s)//[^\n]*", RegexOptions.ExplicitCapture)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
