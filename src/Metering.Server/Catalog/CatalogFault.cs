using Metering.Ledger;

namespace Metering.Server;

/// <summary>Something in a catalog file that keeps it from being applied.</summary>
/// <param name="File">The name that the file was given by.</param>
/// <param name="Line">Line, from 1.</param>
/// <param name="Column">Column, from 1.</param>
/// <param name="Reason">What is wrong, with the offending value and what is allowed.</param>
public sealed record CatalogFault(string File, int Line, int Column, string Reason)
{
    /// <summary>In the form that editors understand: <c>file:line:column: reason</c>.</summary>
    public override string ToString() => $"{File}:{Line}:{Column}: {Reason}";
}

/// <summary>The faults of one file, as they are found.</summary>
internal sealed class CatalogFaults(string file)
{
    // Looking for similar names costs time for each; a file with more faults than this has other troubles.
    private const int SuggestionsMaximum = Limits.CatalogSuggestions;

    private readonly List<CatalogFault> _faults = [];
    private int _suggestions;

    public bool Any => _faults.Count > 0;

    public void Add(CatalogNode node, string reason) => Add(node.Line, node.Column, reason);

    public void Add(int line, int column, string reason) => _faults.Add(new CatalogFault(file, line, column, reason));

    /// <summary>« (did you mean 'x'?)», or nothing when no name comes near.</summary>
    public string Suggest(string name, IEnumerable<string> names) =>
        ++_suggestions <= SuggestionsMaximum && NearestName.Find(name, names) is { } nearest ? $" (did you mean '{nearest}'?)" : "";

    /// <summary>All of them, in the order of the file.</summary>
    public IReadOnlyList<CatalogFault> InOrder() => [.. _faults.OrderBy(fault => fault.Line).ThenBy(fault => fault.Column)];
}
