using System.Globalization;
using System.Text;
using Metering.Bench.Places;

namespace Metering.Attacks;

/// <summary>The table of an attack a row, in Markdown, and its place in a document.</summary>
internal static class MarkdownTable
{
    /// <summary>Its place in a document.</summary>
    public static readonly MarkedPlace Place = new("attacks");

    private const double BytesPerMegabyte = 1e6;

    /// <summary>The table with a line about how it came to be.</summary>
    public static string Of(IReadOnlyList<AttackResult> results, AttackOptions options)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture,
            $"""
            Measured by `bench/attacks.sh` on {Environment.ProcessorCount} processors that server, client and attacker share:
            a client with {options.WritesPerSecond} Writes of 25 records a second, {options.Seconds:0.#} s alone and {options.Seconds:0.#} s under the attack in turn, {options.Rounds} times. The attacker
            comes from another address, gets what is left of the processors (SCHED_IDLE) and keeps to a rate. p99 is from the intended moment of sending, the
            median of the times; memory is the server's resident peak in all of them. {results.Count(result => result.Holds)} of {results.Count} attacks hold all three bounds.

            | attack | attacker, each second | p99 without → with | ratio (≤ {AttackResult.P99Bound:0.#}) | memory without → peak | ratio (≤ {AttackResult.MemoryBound:0.#}) | records counted | verdict |
            |---|---|---|---|---|---|---|---|

            """);
        foreach (AttackResult result in results)
            AppendRow(text, result);
        text.Append("\nWhat each attack does, and the [limits](limits.md) that meet it:\n\n");
        foreach (AttackResult result in results)
            text.Append(CultureInfo.InvariantCulture, $"- **{result.Attack.Name}**: {result.Attack.Does}. Met by {string.Join(", ", result.Attack.MetBy.Select(limit => $"`{limit}`"))}.\n");
        return text.ToString().TrimEnd();
    }

    private static void AppendRow(StringBuilder text, AttackResult result)
    {
        AttackCounts attacker = result.Attacker;
        text.Append(CultureInfo.InvariantCulture,
            $"| {result.Attack.Name} | {attacker.UnitsPerSecond:#,0} {result.Attack.Unit}, {attacker.BytesPerSecond / BytesPerMegabyte:0.00} MB, {attacker.ConnectionsPerSecond:#,0} connections ");
        text.Append(CultureInfo.InvariantCulture,
            $"| {result.P99WithoutMilliseconds:0.0} → {result.P99WithMilliseconds:0.0} ms | {result.P99Ratio:0.00} ");
        text.Append(CultureInfo.InvariantCulture,
            $"| {result.MemoryWithoutBytes / BytesPerMegabyte:0} → {result.MemoryPeakBytes / BytesPerMegabyte:0} MB | {result.MemoryRatio:0.00} ");
        text.Append(CultureInfo.InvariantCulture,
            $"| {result.Records.Counted:#,0} of {result.Records.Sent:#,0} | {Verdict(result)} |\n");
    }

    private static string Verdict(AttackResult result)
    {
        var faults = new List<string>();
        if (!result.HoldsP99)
            faults.Add("p99");
        if (!result.HoldsMemory)
            faults.Add("memory");
        if (!result.IsAllCounted)
            faults.Add("records");
        return faults.Count == 0 ? "holds" : $"**{string.Join(", ", faults)}**";
    }
}
