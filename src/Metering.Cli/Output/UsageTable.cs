using System.Globalization;
using System.Numerics;
using Metering.Contracts.V1;
using Window = Metering.Contracts.V1.QueryUsageRequest.Types.Window;

namespace Metering.Cli;

/// <summary>For people: the totals with bars, and over several windows a line for each series. Bars compare amounts of one unit only.</summary>
internal sealed class UsageTable(QueryUsageRequest request, TimeZoneInfo zone, Terminal terminal) : IUsageReport
{
    // More than some screens help nobody, and the memory must stay bounded.
    private const int ListedMaximum = 500;
    private const int SeriesMaximum = 100;
    private const long SecondsPerHour = 3600;

    private readonly UsageField? _window = UsageField.WindowOf(request, zone);
    private readonly List<UsageField> _dimensions = [.. UsageField.DimensionsOf(request)];
    private readonly List<UsageTotal> _listed = [];
    private readonly Dictionary<string, Line> _series = [];
    private readonly SortedSet<long> _starts = [];
    private readonly List<RejectionTotal> _rejections = [];
    private readonly List<UsageTotal> _corrections = [];
    private long _count;

    /// <inheritdoc/>
    public void Add(QueryUsageResponse page)
    {
        _rejections.AddRange(page.Rejections);
        _corrections.AddRange(page.Corrections.Take(ListedMaximum));
        _count += page.Totals.Count;
        _listed.AddRange(page.Totals.Take(ListedMaximum - _listed.Count));
        foreach (UsageTotal total in page.Totals)
        {
            string key = string.Join('\n', _dimensions.Select(field => field.Read(total)).Append(total.Unit));
            if (!_series.TryGetValue(key, out Line? line) && _series.Count < SeriesMaximum)
                _series.Add(key, line = new Line(total));
            long start = total.WindowStart?.Seconds ?? 0;
            _starts.Add(start);
            line?.Add(start, total);
        }
    }

    /// <inheritdoc/>
    public void Finish()
    {
        if (_count == 0)
            terminal.WriteNote("Nothing was counted in this range.");
        else
            WriteTotals();
        if (_starts.Count > 1)
            WriteSeries();
        WriteCorrections();
        WriteRejections();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Nothing is held.
    }

    private void WriteTotals()
    {
        List<UsageField> fields = _window is null ? _dimensions : [_window, .. _dimensions];
        Dictionary<string, BigInteger> greatest = _listed.GroupBy(total => total.Unit).ToDictionary(unit => unit.Key, unit => unit.Max(Quantity));
        var table = new TextTable(
        [
            .. fields.Select(field => new TextColumn(field.Title)),
            new("quantity", IsNumber: true), new("unit"), new("records", IsNumber: true), new(string.Empty, IsOptional: true),
        ]);
        foreach (UsageTotal total in _listed)
        {
            table.Add(
            [
                .. fields.Select(field => (TextCell)field.Read(total)),
                new(Figures.Group(Quantity(total)), Shade.Strong),
                total.Unit,
                Figures.Group(total.Records),
                new(Figures.Bar(Quantity(total), greatest[total.Unit], terminal.OutputIsTerminal), Shade.Good),
            ]);
        }

        table.Write(terminal);
        if (_count > _listed.Count)
            terminal.WriteNote($"… and {Figures.Group(_count - _listed.Count)} more: --output csv shows all.");
    }

    private void WriteSeries()
    {
        List<long> starts = Filled([.. _starts]);
        var table = new TextTable(
        [
            .. _dimensions.Select(field => new TextColumn(field.Title)),
            new("quantity", IsNumber: true), new("unit"), new($"{_window!.Read(At(starts[0]))} to {_window.Read(At(starts[^1]))}"),
        ]);
        foreach (Line line in _series.Values)
        {
            table.Add(
            [
                .. _dimensions.Select(field => (TextCell)field.Read(line.Sample)),
                new(Figures.Group(line.Sum), Shade.Strong),
                line.Sample.Unit,
                new(Sparkline.Of([.. starts.Select(line.AmountAt)], terminal.OutputIsTerminal), Shade.Good),
            ]);
        }

        terminal.Output.WriteLine();
        table.Write(terminal);
        if (_series.Count == SeriesMaximum)
            terminal.WriteNote($"These are the first {SeriesMaximum} series; filters or --by leave fewer.");
    }

    // Windows in which nothing was counted at all are not in the answer, yet are part of the picture.
    private List<long> Filled(List<long> starts)
    {
        long usual = request.Window switch { Window.Hour => SecondsPerHour, Window.Day => 24 * SecondsPerHour, _ => 0 };
        if (usual == 0)
            return starts;
        var filled = new List<long> { starts[0] };
        foreach (long start in starts.Skip(1))
        {
            long missing = Math.Min(((start - filled[^1] + (usual / 2)) / usual) - 1, 100 * Sparkline.CharactersMaximum);
            for (; missing > 0; missing--)
                filled.Add(filled[^1] + usual);
            filled.Add(start);
        }

        return filled;
    }

    private void WriteCorrections()
    {
        if (_corrections.Count == 0)
            return;
        List<UsageField> fields = _window is null ? _dimensions : [_window, .. _dimensions];
        var table = new TextTable(
        [
            .. fields.Select(field => new TextColumn(field.Title)), new("corrected by", IsNumber: true), new("unit"), new("corrections", IsNumber: true),
        ]);
        foreach (UsageTotal sum in _corrections)
        {
            table.Add(
            [
                .. fields.Select(field => (TextCell)field.Read(sum)), new(CorrectionReport.Signed(Quantity(sum)), Shade.Changed), sum.Unit,
                Figures.Group(sum.Records),
            ]);
        }

        terminal.Output.WriteLine();
        table.Write(terminal);
        terminal.WriteNote("Corrections are no part of the totals above; `metering corrections` lists them.");
    }

    private void WriteRejections()
    {
        if (_rejections.Count == 0)
            return;
        var table = new TextTable(new("rejected"), new("instance"), new("billing account"), new("records", IsNumber: true));
        foreach (RejectionTotal rejection in _rejections)
        {
            table.Add(
                new(rejection.Reason, Shade.Bad), rejection.ProductInstanceId, rejection.BillingAccountId, Figures.Group(rejection.Records));
        }

        terminal.Output.WriteLine();
        table.Write(terminal);
    }

    private static UsageTotal At(long seconds) => new() { WindowStart = new() { Seconds = seconds } };

    private static BigInteger Quantity(UsageTotal total) => BigInteger.Parse(total.Quantity, CultureInfo.InvariantCulture);

    private sealed class Line(UsageTotal sample)
    {
        private readonly Dictionary<long, BigInteger> _amounts = [];

        public UsageTotal Sample => sample;

        public BigInteger Sum { get; private set; }

        public BigInteger AmountAt(long start) => _amounts.GetValueOrDefault(start);

        public void Add(long start, UsageTotal total)
        {
            _amounts[start] = AmountAt(start) + Quantity(total);
            Sum += Quantity(total);
        }
    }
}
