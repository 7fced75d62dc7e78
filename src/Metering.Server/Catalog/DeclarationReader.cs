using System.Buffers;
using System.Globalization;
using System.Text;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// Reads the members of one declared object. Whatever is wrong becomes a fault, and reading goes on with a stand-in, so
/// that one look at a file finds all its faults.
/// </summary>
internal sealed class DeclarationReader
{
    private const int NameCharacters = Limits.NameCharacters;
    private const string IdForm = "1 to 50 characters of A-Z a-z 0-9 . _ -, the first a letter or digit";

    private static readonly SearchValues<char> IdCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    private static readonly string[] MomentFormats = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    private readonly MappingNode _node;
    private readonly CatalogFaults _faults;

    /// <summary>Reads <paramref name="node"/>; a member besides <paramref name="members"/> is a fault.</summary>
    public DeclarationReader(MappingNode node, string kind, string idMember, string[] members, CatalogFaults faults)
    {
        _node = node;
        _faults = faults;
        What = $"a {kind}";
        foreach ((string name, MemberNode member) in node.Members)
        {
            if (!members.Contains(name))
                faults.Add(member, UnknownMember(What, name, members, faults));
        }

        Id = Identifier(idMember);
        if (Id.Length > 0)
            What = $"{kind} '{Id}'";
    }

    /// <summary>What is being read, as faults call it.</summary>
    public string What { get; }

    /// <summary>The object's id; empty when it has no valid one.</summary>
    public string Id { get; }

    /// <summary>Whether an id has the one form that all ids have.</summary>
    public static bool IsIdentifier(string id) =>
        id.Length is > 0 and <= Limits.IdCharacters && char.IsAsciiLetterOrDigit(id[0]) && !id.AsSpan().ContainsAnyExcept(IdCharacters);

    /// <summary>What <see cref="IsIdentifier"/> allows, in words.</summary>
    public static string IdentifierForm => IdForm;

    /// <summary>A required id.</summary>
    public string Identifier(string member)
    {
        string id = Text(member, isRequired: true) ?? "";
        if (id.Length == 0 || IsIdentifier(id))
            return id;
        _faults.Add(_node.PlaceOf(member), $"'{member}' of {What} is '{Shortened(id)}'; allowed: {IdForm}");
        return "";
    }

    /// <summary>Whether a member is there and holds something.</summary>
    public bool Has(string member) =>
        _node.Members.TryGetValue(member, out MemberNode? found) && found.Value is not TextNode { IsNull: true };

    /// <summary>A required text for people: one line, nothing invisible.</summary>
    public string Name(string member, int charactersMaximum = NameCharacters)
    {
        string text = Text(member, isRequired: true) ?? "";
        CatalogNode place = _node.PlaceOf(member);
        if (text.Length > charactersMaximum)
            _faults.Add(place, $"'{member}' of {What} has {text.Length} characters; at most {charactersMaximum} are allowed");
        else if (text.EnumerateRunes().Any(rune => !IsPrintable(rune)))
            _faults.Add(place, $"'{member}' of {What} has characters that cannot be printed");
        return text;
    }

    /// <summary>Any required text.</summary>
    public string Block(string member) => Text(member, isRequired: true) ?? "";

    /// <summary><c>true</c> or <c>false</c>; <c>true</c> when it is not there.</summary>
    public bool Flag(string member)
    {
        if (!Has(member))
            return true;
        if (_node.Members[member].Value is TextNode { IsPlain: true, Text: "true" or "false" } text)
            return text.Text == "true";
        _faults.Add(_node.PlaceOf(member), $"'{member}' of {What} is {Shown(member)}; allowed: true, false");
        return true;
    }

    /// <summary>One of some words.</summary>
    /// <param name="member">The member.</param>
    /// <param name="words">The words allowed.</param>
    /// <param name="standard">The word when it is not there; null when it has to be.</param>
    public string Word(string member, IReadOnlyList<string> words, string? standard)
    {
        if (Text(member, isRequired: standard is null) is not { Length: > 0 } word)
            return standard ?? words[0];
        if (words.Contains(word))
            return word;
        _faults.Add(
            _node.PlaceOf(member),
            $"'{member}' of {What} is '{Shortened(word)}'{_faults.Suggest(word, words)}; allowed: {string.Join(", ", words)}");
        return words[0];
    }

    /// <summary>A moment in RFC 3339, to the second; null when it is not there.</summary>
    public DateTimeOffset? Moment(string member)
    {
        if (Text(member, isRequired: false) is not { Length: > 0 } text)
            return null;
        bool hasOffset = text.EndsWith('Z') || (text.Length > 6 && text[^6] is '+' or '-');
        if (hasOffset
            && DateTimeOffset.TryParseExact(text, MomentFormats, null, DateTimeStyles.AdjustToUniversal, out DateTimeOffset moment)
            && moment >= DateTimeOffset.UnixEpoch)
        {
            return DateTimeOffset.FromUnixTimeSeconds(moment.ToUnixTimeSeconds());
        }

        _faults.Add(_node.PlaceOf(member), $"'{member}' of {What} is '{Shortened(text)}'; needed: RFC 3339, such as 2026-01-01T00:00:00Z");
        return null;
    }

    /// <summary>The items of a list; none when it is not there.</summary>
    public IReadOnlyList<CatalogNode> Items(string member)
    {
        if (!Has(member))
            return [];
        if (_node.Members[member].Value is ListNode list)
            return list.Items;
        _faults.Add(_node.PlaceOf(member), $"'{member}' of {What} has to be a list");
        return [];
    }

    /// <summary>The words for a member that nobody knows.</summary>
    public static string UnknownMember(string what, string name, string[] members, CatalogFaults faults) =>
        $"{what} has no member '{Shortened(name)}'{faults.Suggest(name, members)}; allowed: {string.Join(", ", members)}";

    /// <summary>At most 40 characters of a value, for a fault's words; nothing in it moves a terminal's cursor.</summary>
    public static string Shortened(string text)
    {
        string start = text.Length <= 40 ? text : text[..40] + "…";
        return string.Concat(start.Select(character => char.IsControl(character) ? ' ' : character));
    }

    private string? Text(string member, bool isRequired)
    {
        if (!Has(member))
        {
            if (isRequired)
                _faults.Add(_node.PlaceOf(member), $"{What} lacks '{member}'");
            return null;
        }

        if (_node.Members[member].Value is TextNode { Text.Length: > 0 } text)
            return text.Text;
        _faults.Add(_node.PlaceOf(member), $"'{member}' of {What} is {Shown(member)}; a text is needed");
        return null;
    }

    private string Shown(string member) => _node.Members[member].Value switch
    {
        TextNode text => text.Text.Length == 0 ? "empty" : $"'{Shortened(text.Text)}'",
        ListNode => "a list",
        _ => "a mapping",
    };

    // What YAML cannot hold unescaped, line separators and halves of surrogate pairs (U+FFFD) stay out.
    private static bool IsPrintable(Rune rune) =>
        !Rune.IsControl(rune) && rune.Value is not (0x2028 or 0x2029 or 0xFEFF or 0xFFFD or 0xFFFE or 0xFFFF);
}
