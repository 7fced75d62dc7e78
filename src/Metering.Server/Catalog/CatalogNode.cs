namespace Metering.Server;

/// <summary>A node of a YAML document, with the place where it starts.</summary>
/// <param name="Line">Line, from 1.</param>
/// <param name="Column">Column, from 1.</param>
internal abstract record CatalogNode(int Line, int Column);

/// <summary>A scalar.</summary>
/// <param name="Line">Line, from 1.</param>
/// <param name="Column">Column, from 1.</param>
/// <param name="Text">Its text.</param>
/// <param name="IsPlain">Written without quotes and not as a block, so that <c>true</c> and <c>null</c> have their meaning.</param>
internal sealed record TextNode(int Line, int Column, string Text, bool IsPlain) : CatalogNode(Line, Column)
{
    /// <summary>Written, but holding nothing.</summary>
    public bool IsNull => IsPlain && Text is "" or "~" or "null" or "Null" or "NULL";
}

/// <summary>A list.</summary>
internal sealed record ListNode(int Line, int Column, IReadOnlyList<CatalogNode> Items) : CatalogNode(Line, Column);

/// <summary>A mapping; each member once.</summary>
internal sealed record MappingNode(int Line, int Column, IReadOnlyDictionary<string, MemberNode> Members) : CatalogNode(Line, Column)
{
    /// <summary>Where the value of a member stands, or the mapping when it has none.</summary>
    public CatalogNode PlaceOf(string member) => Members.TryGetValue(member, out MemberNode? found) ? found.Value : this;
}

/// <summary>A member of a mapping; its place is its name's.</summary>
internal sealed record MemberNode(int Line, int Column, CatalogNode Value) : CatalogNode(Line, Column);
