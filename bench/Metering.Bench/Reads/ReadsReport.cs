using System.Text;
using System.Text.Json;
using Metering.Bench.Places;
using Metering.Load;

namespace Metering.Bench;

/// <summary>A run that reads, told to people, to programs, and as a chart.</summary>
internal static class ReadsReport
{
    /// <summary>Its place in a document.</summary>
    public static readonly MarkedPlace Place = new(Parts.Reads);

    /// <summary>For people, in Markdown.</summary>
    public static string Markdown(ReadsResult result)
    {
        ReadsFigures figures = result.Figures;
        var text = new StringBuilder();
        text.Append($"Measured by `{result.Options.Command}` on {result.Started:yyyy-MM-dd} on {result.Machine};\n");
        text.Append("server, command line and load generator share the processors; files are in the page cache. ");
        text.Append($"The machine's host took {figures.StolenShare:P1} of the processors' time for others.\n\n");
        if (figures.Records is { } records)
            AppendRecords(text, records);
        if (figures.Totals is { } totals)
            AppendTotals(text, totals);
        if (figures.Beside is { } beside)
            AppendBeside(text, result.Options, beside);
        Target.AppendTable(text, result.Targets);
        return text.ToString().TrimEnd();
    }

    /// <summary>For programs. Members are only ever added.</summary>
    public static string Json(ReadsResult result) => JsonSerializer.Serialize(
        new
        {
            result.Options.Command,
            result.Started,
            result.Machine,
            result.Options.Connections,
            result.Options.Streams,
            ReadsBeside.QueriesPerSecond,
            result.Figures,
            result.Targets,
        },
        JsonReport.Form);

    /// <summary>The rates as bars.</summary>
    public static string Chart(ReadsResult result)
    {
        var bars = new List<BarChart.Bar>();
        void Add(string label, double value, bool isOurs = true) => bars.Add(new BarChart.Bar(label, value, isOurs, IsBound: false));
        foreach (CommandTimes command in result.Figures.Records?.Commands ?? [])
        {
            Add($"{command.Name}, a server just started", command.ColdPerSecond);
            Add("asked before", command.WarmPerSecond);
        }

        if (result.Figures.Beside is { } beside)
        {
            Add("writes alone", Median.Of(beside.Pairs.Select(pair => pair.Alone.AcceptedPerSecond)), isOurs: false);
            Add("writes with reads beside them", Median.Of(beside.Pairs.Select(pair => pair.Beside.AcceptedPerSecond)));
        }

        return BarChart.Of($"Records a second read, and written beside that, on {result.Machine.Processors} processors shared with the clients", bars);
    }

    private static void AppendRecords(StringBuilder text, RecordsRead records)
    {
        var table = new MarkdownTable(
            $"{records.Records:N0} records of {records.Series:N0} series", "a server just started", "asked before", "records/s, just started", "records/s");
        foreach (CommandTimes command in records.Commands)
        {
            table.Add(
                $"`{command.Name}`", $"{command.FirstSeconds:N2} s", $"{Median.Of(command.NextSeconds):N2} s", $"{command.ColdPerSecond:N0}",
                $"**{command.WarmPerSecond:N0}**");
        }

        table.AppendTo(text);
    }

    private static void AppendTotals(StringBuilder text, MonthRead totals)
    {
        var table = new MarkdownTable($"thirty days of {totals.Series:N0} series, {totals.Records:N0} records", "totals", "store p50", "server p50", "server, most");
        foreach (QuestionTimes question in totals.Questions)
        {
            table.Add(
                question.Name, string.Join(" + ", question.Totals.Select(page => $"{page:N0}")), $"{question.StoreP50Milliseconds:N0} ms",
                $"**{question.ServerP50Milliseconds:N0} ms**", $"{question.ServerMilliseconds.Max():N0} ms");
        }

        table.AppendTo(text);
    }

    private static void AppendBeside(StringBuilder text, BenchOptions options, WritesBesideReads beside)
    {
        var table = new MarkdownTable("turns, in pairs", "accepted records/s", "min – max", "p50", "p99");
        AddTurns("writes alone", [.. beside.Pairs.Select(pair => pair.Alone)]);
        AddTurns("with a verification, an export and ten queries a second", [.. beside.Pairs.Select(pair => pair.Beside)]);
        table.AppendTo(text);
        ReadsDone[] reads = [.. beside.Pairs.Select(pair => pair.Reads)];
        text.Append(
            $"{options.Connections} connections with {options.Streams} requests of {Parts.FullRequest} records in flight each; {beside.Pairs.Count} pairs of turns of "
            + $"{beside.Seconds:0.#} s, on a ledger that began with\n{beside.RecordsBefore:N0} records. Meanwhile {Median.Of(reads.Select(done => done.Verified / done.Seconds)):N0} "
            + $"records/s were verified and "
            + $"{Median.Of(reads.Select(done => done.Exported / done.Seconds)):N0} exported, and of ten queries\n"
            + $"a second {Median.Of(reads.Select(done => done.Queries / done.Seconds)):N1} were answered, "
            + $"in {Median.Of(reads.SelectMany(done => done.QueryMilliseconds)):N0} ms (p50).\n\n");

        void AddTurns(string what, LoadFigures[] turns) => table.Add(
            what, $"**{Median.Of(turns.Select(turn => turn.AcceptedPerSecond)):N0}**",
            $"{turns.Min(turn => turn.AcceptedPerSecond):N0} – {turns.Max(turn => turn.AcceptedPerSecond):N0}",
            $"{Median.Of(turns.Select(turn => turn.P50Milliseconds)):N1} ms", $"{Median.Of(turns.Select(turn => turn.P99Milliseconds)):N1} ms");
    }
}
