using System.Text;
using Metering.Ledger;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Metering.Server;

/// <summary>
/// Reads YAML into nodes that know their place. Only what a catalog needs: one document, no anchors, aliases or tags,
/// bounded depth, so that no document is larger in memory than in its file.
/// </summary>
internal sealed class CatalogDocument
{
    private const int DepthMaximum = Limits.CatalogDepth;

    private readonly Parser _parser;
    private readonly CatalogFaults _faults;

    private CatalogDocument(string yaml, CatalogFaults faults)
    {
        _parser = new Parser(new StringReader(yaml));
        _faults = faults;
    }

    /// <summary>The root of the document; null when it has none, or a syntax error, which is then a fault.</summary>
    public static CatalogNode? Read(string yaml, CatalogFaults faults)
    {
        int bytes = Encoding.UTF8.GetByteCount(yaml);
        if (bytes > Limits.CatalogBytes)
        {
            faults.Add(1, 1, $"the catalog has {bytes} bytes; at most {Limits.CatalogBytes} are allowed");
            return null;
        }

        try
        {
            return new CatalogDocument(yaml, faults).ReadDocument();
        }
        catch (YamlException exception)
        {
            faults.Add(LineOf(exception.Start), ColumnOf(exception.Start), $"this is not YAML: {exception.Message.TrimEnd('.')}");
            return null;
        }
    }

    private CatalogNode? ReadDocument()
    {
        Take<StreamStart>();
        if (_parser.Current is not DocumentStart)
            return null;
        Take<DocumentStart>();
        CatalogNode? root = ReadNode(1);
        if (root is null)
            return null;
        Take<DocumentEnd>();
        if (_parser.Current is DocumentStart second)
            _faults.Add(LineOf(second.Start), ColumnOf(second.Start), "a second document starts here; a catalog is one document");
        return root;
    }

    // Null when the document is nested too deeply to go on.
    private CatalogNode? ReadNode(int depth)
    {
        ParsingEvent node = _parser.Current!;
        (int line, int column) = (LineOf(node.Start), ColumnOf(node.Start));
        if (depth > DepthMaximum)
        {
            _faults.Add(line, column, $"nested more than {DepthMaximum} levels deep; no catalog is");
            return null;
        }

        if (node is NodeEvent { Anchor.IsEmpty: false } anchored)
            _faults.Add(line, column, $"anchor '&{anchored.Anchor}': a catalog has no anchors and aliases; write it out");
        if (node is NodeEvent { Tag: { IsEmpty: false, IsNonSpecific: false } } tagged)
            _faults.Add(line, column, $"tag '{tagged.Tag}': a catalog has no tags");
        switch (node)
        {
            case Scalar scalar:
                Take<Scalar>();
                return new TextNode(line, column, scalar.Value, scalar.Style == ScalarStyle.Plain);
            case AnchorAlias alias:
                Take<AnchorAlias>();
                _faults.Add(line, column, $"alias '*{alias.Value}': a catalog has no anchors and aliases; write it out");
                return new TextNode(line, column, "", IsPlain: true);
            case SequenceStart:
                return ReadList(line, column, depth);
            default:
                return ReadMapping(line, column, depth);
        }
    }

    private ListNode? ReadList(int line, int column, int depth)
    {
        Take<SequenceStart>();
        var items = new List<CatalogNode>();
        while (_parser.Current is not SequenceEnd)
        {
            if (ReadNode(depth + 1) is not { } item)
                return null;
            items.Add(item);
        }

        Take<SequenceEnd>();
        return new ListNode(line, column, items);
    }

    private MappingNode? ReadMapping(int line, int column, int depth)
    {
        Take<MappingStart>();
        var members = new Dictionary<string, MemberNode>(StringComparer.Ordinal);
        while (_parser.Current is not MappingEnd)
        {
            if (ReadNode(depth + 1) is not { } name || ReadNode(depth + 1) is not { } value)
                return null;
            if (name is not TextNode text)
                _faults.Add(name, "the name of a member has to be a text");
            else if (!members.TryAdd(text.Text, new MemberNode(name.Line, name.Column, value)))
                _faults.Add(name, $"'{text.Text}' is given twice; first on line {members[text.Text].Line}");
        }

        Take<MappingEnd>();
        return new MappingNode(line, column, members);
    }

    private void Take<TEvent>()
        where TEvent : ParsingEvent
    {
        if (_parser.Current is null)
            _parser.MoveNext();
        if (_parser.Current is not TEvent)
            throw new YamlException(_parser.Current?.Start ?? Mark.Empty, Mark.Empty, "The document ends too early");
        _parser.MoveNext();
    }

    private static int LineOf(in Mark mark) => (int)Math.Max(1, mark.Line);

    private static int ColumnOf(in Mark mark) => (int)Math.Max(1, mark.Column);
}
