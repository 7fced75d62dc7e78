using System.Text;
using System.Text.Json;
using Metering.Bench.Places;

namespace Metering.Bench;

/// <summary>A run with a full ledger, told to people, to programs, and as a chart.</summary>
internal static class FullLedgerReport
{
    /// <summary>Its place in a document.</summary>
    public static readonly MarkedPlace Place = new(Parts.HundredMillion);

    /// <summary>For people, in Markdown.</summary>
    public static string Markdown(FullLedgerResult result)
    {
        (BenchOptions options, FullLedgerFigures figures) = (result.Options, result.Figures);
        (LoadFigures half, LoadFigures echo) = (figures.AtHalf, figures.EchoAtHalf);
        var text = new StringBuilder();
        text.Append(
            $"Measured by `{options.Command}` on {result.Started:yyyy-MM-dd} on {result.Machine};\n"
            + $"server and load generator share the processors. {options.Connections} connections with {options.Streams} requests of {Parts.FullRequest} records in "
            + $"flight each; {options.Seconds:0.#} s at\neither end. The echo took {figures.EchoPerSecond:N0} records/s in the same run, "
            + $"the median of three turns of {options.OtherSeconds:0.#} s.\n\n");
        var rates = new MarkdownTable("records in the ledger", "records/s");
        rates.Add($"from {figures.Early.Records:N0} on", $"{figures.Early.RecordsPerSecond:N0}");
        rates.Add($"from 0 to {figures.Full.Records:N0}", $"**{figures.SustainedPerSecond:N0}**");
        rates.Add($"from {figures.Full.Records:N0} on", $"**{figures.Full.RecordsPerSecond:N0}**");
        rates.Add($"{figures.Replayed:N0} of them sent again", $"{figures.ReplayPerSecond:N0}");
        rates.AppendTo(text);
        Target.AppendTable(text, result.Targets);
        text.Append(
            $"At half of the rate, with {LatencyRun.HalfConnections} connections: p50 {half.P50Milliseconds:N2} ms, p99 {half.P99Milliseconds:N2} ms, "
            + $"p99.9 {half.P999Milliseconds:N2} ms, max {half.MaximumMilliseconds:N1} ms;\n"
            + $"the echo with the same load p50 {echo.P50Milliseconds:N2} ms, p99 {echo.P99Milliseconds:N2} ms, p99.9 {echo.P999Milliseconds:N2} ms. "
            + $"The machine's host took {figures.StolenShare:P1} of the processors' time for others.\n"
            + $"Resident {figures.ResidentBytes / 1e6:N0} MB at the end of the last turn. "
            + $"Ready after {string.Join(", ", figures.ReadySeconds.Select(seconds => $"{seconds:N2}"))} s, the start of the process\n"
            + "and of its runtime included; the files are in the page cache then. "
            + $"At the end {figures.AtRest.Records:N0} records, {figures.AtRest.SealedUuids:N0} of them sealed;\n"
            + $"{figures.AtRest.Acknowledged:N0} were acknowledged, and none of those is missing.\n");
        return text.ToString().TrimEnd();
    }

    /// <summary>For programs. Members are only ever added.</summary>
    public static string Json(FullLedgerResult result) => JsonSerializer.Serialize(
        new
        {
            result.Options.Command,
            result.Started,
            result.Machine,
            result.Options.RecordsInLedger,
            result.Options.Seconds,
            result.Options.OtherSeconds,
            result.Options.WarmSeconds,
            result.Options.Connections,
            result.Options.Streams,
            LatencyRun.HalfConnections,
            result.FullToEarly,
            result.SustainedToEcho,
            result.Figures,
            result.Targets,
        },
        JsonReport.Form);

    /// <summary>The rates as bars.</summary>
    public static string Chart(FullLedgerResult result)
    {
        FullLedgerFigures figures = result.Figures;
        return BarChart.Of(
            $"Records a second as the ledger fills, on {result.Machine.Processors} processors shared with the load",
            [
                new BarChart.Bar("echo: Kestrel and Google.Protobuf, no ledger", figures.EchoPerSecond, IsOurs: false, IsBound: false),
                new BarChart.Bar($"this server from {figures.Early.Records:N0} records on", figures.Early.RecordsPerSecond, IsOurs: true, IsBound: false),
                new BarChart.Bar($"from 0 to {figures.Full.Records:N0}", figures.SustainedPerSecond, IsOurs: true, IsBound: false),
                new BarChart.Bar($"from {figures.Full.Records:N0} on", figures.Full.RecordsPerSecond, IsOurs: true, IsBound: false),
                new BarChart.Bar($"{figures.Replayed:N0} of them sent again", figures.ReplayPerSecond, IsOurs: true, IsBound: false),
            ]);
    }
}
