namespace Metering.Load;

/// <summary>The summary for people.</summary>
internal static class TextReport
{
    public static void Write(TextWriter target, LoadSummary summary)
    {
        LoadTally tally = summary.Tally;
        LoadOptions options = summary.Options;
        target.WriteLine(
            $"{tally.Verdicts[VerdictCounts.Accepted]:N0} records accepted in {summary.Elapsed.TotalSeconds:F2} s: "
            + $"{summary.AcceptedPerSecond:N0} records/s ({summary.RequestsPerSecond:N0} requests/s of {options.Records})");
        target.WriteLine(
            $"load       {options.Connections} connections x {options.Streams} streams"
            + (options.RecordsPerSecond > 0 ? $", {options.RecordsPerSecond:N0} records/s intended" : "")
            + (options.DuplicatesPercent > 0 ? $", {options.DuplicatesPercent:G4} % duplicates" : ""));
        target.WriteLine($"verdicts   {Join(VerdictCounts.Names.Select((name, kind) => (name, tally.Verdicts[kind])))}");
        IEnumerable<(string, long)> statuses = LoadTally.StatusNames.Select((name, status) => (name, tally.ByStatus[status]));
        target.WriteLine($"requests   sent {tally.Sent:N0}, {Join(statuses)}");
        target.WriteLine(
            $"latency    p50 {Milliseconds(tally, 50)}  p99 {Milliseconds(tally, 99)}  p99.9 {Milliseconds(tally, 99.9)}  "
            + $"max {tally.Latency.MaximumNanoseconds / 1e6:N2} ms  "
            + $"(from the {(options.RecordsPerSecond > 0 ? "intended moment" : "moment")} of sending)");
        target.WriteLine(
            $"cost       {summary.ProcessorTime.TotalSeconds / summary.Elapsed.TotalSeconds:F2} processors, "
            + $"{summary.ProcessorMicrosecondsPerRequest:F2} microseconds a request");
        WriteFaults(target, tally);
    }

    private static void WriteFaults(TextWriter target, LoadTally tally)
    {
        void WriteCount(long count, string fault)
        {
            if (count > 0)
                target.WriteLine($"fault      {count:N0} {fault}");
        }

        WriteCount(tally.Reset, "requests reset by the server");
        WriteCount(tally.Malformed, "answers that are no gRPC answers to a Write, or lack verdicts");
        WriteCount(tally.Unanswered, "requests without an answer");
        WriteCount(tally.Missed, "requests due but never sent: the server is slower than the rate");
        for (int status = 0; status < LoadTally.Statuses; status++)
        {
            if (tally.StatusMessages[status] is { } message)
                target.WriteLine($"message    {LoadTally.StatusNames[status]}: {message}");
        }

        foreach (IGrouping<string, string> loss in tally.Losses.GroupBy(loss => loss))
            target.WriteLine($"lost       {loss.Count()} connections: {loss.Key}");
    }

    private static string Milliseconds(LoadTally tally, double percent) => $"{tally.Latency.GetPercentile(percent) / 1e6:N2} ms";

    private static string Join(IEnumerable<(string Name, long Count)> counts)
    {
        string joined = string.Join(", ", counts.Where(count => count.Count > 0).Select(count => $"{count.Name} {count.Count:N0}"));
        return joined.Length > 0 ? joined : "none";
    }
}
