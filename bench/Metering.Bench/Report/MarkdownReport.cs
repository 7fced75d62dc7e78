using System.Text;
using Metering.Bench.Places;

namespace Metering.Bench;

/// <summary>The result for people, in Markdown: how it was made, the contenders, the targets.</summary>
internal static class MarkdownReport
{
    /// <summary>Its place in a document.</summary>
    public static readonly MarkedPlace Place = new("bench");

    public static string Of(BenchResult result)
    {
        BenchOptions options = result.Options;
        var text = new StringBuilder();
        string rounds = options.Rounds == 1 ? "1 round" : $"{options.Rounds} rounds";
        string isNew = options.IsNewEachRound ? "in every round" : "for the run";
        text.Append(
            $"""
            Measured by `{options.Command}` on {result.Started:yyyy-MM-dd} on {result.Machine};
            server and load generator share the processors. {options.Connections} connections with {options.Streams} requests in flight each; {rounds} with turns of
            {options.Seconds:0.#} s with 25 records a request and {options.OtherSeconds:0.#} s otherwise; server, echo and ledger are new {isNew} and warmed up for
            {options.WarmSeconds:0.#} s. Figures are medians over the rounds; ratios are medians of ratios within a round.


            """);
        if (result.Contenders.Count > 0)
            AppendContenders(text, result);
        IReadOnlyList<Target> targets = Target.Of(result);
        if (targets.Count > 0)
            Target.AppendTable(text, targets);
        if (result.Latency is { AtHalf: { } half })
        {
            text.Append(
                $"At half of the maximum, with {LatencyRun.HalfConnections} connections: p50 {half.P50Milliseconds:N2} ms, p99 {half.P99Milliseconds:N2} ms, p99.9 {half.P999Milliseconds:N2} ms, "
                + $"max {half.MaximumMilliseconds:N1} ms, from the intended moments of sending"
                + (half.Missed == 0 ? ".\n" : $"; {half.Missed:N0} requests could not even be sent.\n"));
            if (result.Latency.EchoAtHalf is { } echo)
                text.Append($"The echo, with the same load: p50 {echo.P50Milliseconds:N2} ms, p99 {echo.P99Milliseconds:N2} ms, p99.9 {echo.P999Milliseconds:N2} ms.\n");
        }

        text.Append($"The machine's host took {result.StolenShare:P1} of the processors' time for others meanwhile.\n");

        return text.ToString().TrimEnd();
    }

    private static void AppendContenders(StringBuilder text, BenchResult result)
    {
        var table = new MarkdownTable("contender", "records/s", "min – max", "× echo", "× PostgreSQL");
        foreach (ContenderTurns contender in result.Contenders)
        {
            bool isOurs = contender.Name is Parts.ServerFull or Parts.ServerSingle;
            string rate = $"{contender.RecordsPerSecond:N0}";
            table.Add(
                contender.Does, isOurs ? $"**{rate}**" : rate, $"{contender.Least:N0} – {contender.Most:N0}",
                Ratio(result.RatioOf(contender.Name, BenchResult.EchoFor(contender.Name))), Ratio(result.RatioOf(contender.Name, Parts.Postgres)));
        }

        table.AppendTo(text);
        if (result.Find(Parts.Disk) is { } disk)
        {
            text.Append(
                $"The disk wrote {disk.MedianOf(turn => turn.BytesPerSecond) / 1e6:N0} MB/s in writes as large as a group commit; "
                + $"4 KiB and their fdatasync take {disk.MedianOf(turn => turn.SyncMilliseconds):N2} ms (p50).\n\n");
        }
    }

    private static string Ratio(double? ratio) => ratio is { } known ? $"{known:N2}" : "";
}
