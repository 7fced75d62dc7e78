using Metering.Client;

namespace Metering.Cli;

/// <summary>For people: how many of each verdict, and which records were not counted; every record when asked for.</summary>
internal sealed class VerdictTable(Terminal terminal, bool isVerbose) : IVerdictReport
{
    // More than a screen or ten help nobody, and the memory must stay bounded.
    private const int ListedMaximum = 200;

    private readonly SortedDictionary<string, (long Records, Shade Shade)> _counts = new(StringComparer.Ordinal);
    private readonly TextTable _refused = new(new("verdict"), new("uuid"), new("sku_id"), new("quantity", IsNumber: true), new("timestamp"));
    private long _refusedRecords;

    /// <inheritdoc/>
    public void Add(in RecordVerdict verdict)
    {
        string name = verdict.Name();
        Shade shade = verdict.Shade();
        _counts[name] = (_counts.GetValueOrDefault(name).Records + 1, shade);
        if (isVerbose)
        {
            terminal.Output.WriteLine(
                $"{terminal.Paint($"{name,-18}", shade)}  {verdict.Record.Uuid,-36}  {verdict.Record.SkuId}  "
                + $"{Figures.Group(verdict.Record.Quantity)}  {verdict.Record.Time()}");
        }
        else if (shade == Shade.Bad && _refusedRecords++ < ListedMaximum)
        {
            _refused.Add(
                new(name, shade), verdict.Record.Uuid, verdict.Record.SkuId, Figures.Group(verdict.Record.Quantity), verdict.Record.Time());
        }
    }

    /// <inheritdoc/>
    public void Finish(WriteEnd end)
    {
        var summary = new TextTable(new("verdict"), new("records", IsNumber: true));
        foreach ((string name, (long records, Shade shade)) in _counts)
            summary.Add(new(name, shade), Figures.Group(records));
        if (end.Skipped > 0)
            summary.Add(new("(skipped lines)", Shade.Changed), Figures.Group(end.Skipped));
        if (summary.IsEmpty)
        {
            terminal.WriteNote("No records.");
            return;
        }

        if (isVerbose)
            terminal.Output.WriteLine();
        summary.Write(terminal);
        if (!_refused.IsEmpty)
        {
            terminal.Output.WriteLine();
            _refused.Write(terminal);
        }

        if (_refusedRecords > ListedMaximum)
            terminal.WriteNote($"… and {Figures.Group(_refusedRecords - ListedMaximum)} more: --output jsonl shows all.");
        if (end.IsDryRun)
            terminal.WriteNote("Dry run: nothing was recorded.");
    }
}
