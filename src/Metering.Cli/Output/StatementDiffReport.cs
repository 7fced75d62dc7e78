namespace Metering.Cli;

/// <summary>Names the records that are not alike, as they come: as CSV all of them, as a table the first ones and how many of each kind.</summary>
internal sealed class StatementDiffReport
{
    private const int ListedMaximum = 200;

    private readonly Terminal _terminal;
    private readonly bool _isCsv;
    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);
    private readonly TextTable _table = new(new("difference"), new("uuid"), new("in the file"), new("counted"));

    public StatementDiffReport(Terminal terminal, bool isCsv)
    {
        (_terminal, _isCsv) = (terminal, isCsv);
        if (isCsv)
        {
            Csv.WriteLine(
                terminal.Output, "difference", "uuid", "file_sku_id", "file_quantity", "file_timestamp", "counted_sku_id", "counted_quantity",
                "counted_timestamp");
        }
    }

    /// <summary>Differences so far.</summary>
    public long Count { get; private set; }

    /// <summary>Adds a difference.</summary>
    public void Add(RecordDifference difference)
    {
        _counts[difference.Name] = _counts.GetValueOrDefault(difference.Name) + 1;
        Count++;
        if (_isCsv)
            Csv.WriteLine(_terminal.Output, [difference.Name, difference.Uuid, .. Fields(difference.InFile), .. Fields(difference.Counted)]);
        else if (Count <= ListedMaximum)
            _table.Add(new(difference.Name, Shade.Bad), difference.Uuid, Text(difference.InFile, difference.Counted), Text(difference.Counted, difference.InFile));
    }

    /// <summary>No more.</summary>
    /// <param name="inFile">Records of the file in the period.</param>
    /// <param name="counted">Records of the statement.</param>
    /// <param name="outside">Records of the file outside of the period.</param>
    public void Finish(long inFile, long counted, long outside)
    {
        if (!_table.IsEmpty)
            _table.Write(_terminal);
        if (!_isCsv && Count > ListedMaximum)
            _terminal.WriteNote($"… and {Figures.Group(Count - ListedMaximum)} more: --output csv shows all.");
        string sides = $"{Figures.Count(inFile, "record")} in the file, {Figures.Group(counted)} counted"
            + (outside > 0 ? $"; {Figures.Group(outside)} of the file lie outside of the period" : string.Empty);
        _terminal.WriteNote(Count == 0
            ? $"No difference: {sides}."
            : $"{string.Join(", ", _counts.Select(count => $"{Figures.Group(count.Value)} {count.Key}"))}: {sides}.");
    }

    private static string[] Fields(ComparedRecord? record) =>
        record is { } it ? [it.SkuId, it.Quantity, it.Timestamp] : [string.Empty, string.Empty, string.Empty];

    // Of two that differ, what differs.
    private static string Text(ComparedRecord? record, ComparedRecord? other)
    {
        if (record is not { } it)
            return "-";
        string[] fields = [.. Fields(it).Zip(Fields(other)).Where(pair => other is null || pair.First != pair.Second).Select(pair => pair.First)];
        return string.Join(' ', fields);
    }
}
