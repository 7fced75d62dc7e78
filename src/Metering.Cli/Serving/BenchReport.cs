namespace Metering.Cli;

/// <summary>Tells what <c>metering bench</c> measured, and what that means for a day.</summary>
internal static class BenchReport
{
    private const double SecondsPerDay = 86_400;
    private const double BytesPerGigabyte = 1e9;

    /// <summary>For people.</summary>
    public static void Write(BenchFigures figures, Terminal terminal)
    {
        static string PerDay(double perSecond) => $"{Large(perSecond * SecondsPerDay)} records a day";
        var table = new TextTable(new TextColumn("What"), new TextColumn("Measured", IsNumber: true), new TextColumn("Which means"));
        table.Add("25 records a request", new TextCell($"{figures.FullPerSecond:N0} records/s", Shade.Strong), PerDay(figures.FullPerSecond));
        table.Add("1 record a request", $"{figures.SinglePerSecond:N0} records/s", PerDay(figures.SinglePerSecond));
        table.Add("latency at half of that, p50", $"{figures.AtHalf.P50Milliseconds:N2} ms", $"{figures.AtHalf.RecordsPerSecond:N0} records/s, 25 a request");
        table.Add("p99", $"{figures.AtHalf.P99Milliseconds:N2} ms", "each fsynced before its answer");
        table.Add("the disk's fdatasync, p50", $"{figures.SyncMilliseconds:N2} ms", "no answer can be faster");
        table.Add(
            "a record on disk", $"{figures.BytesPerRecord:N1} bytes",
            $"{figures.FullPerSecond * SecondsPerDay * figures.BytesPerRecord / BytesPerGigabyte:N0} GB for a day at the full rate");
        table.Write(terminal);
        if (figures.AtHalf.Missed > 0)
            terminal.WriteNote($"Half of the rate was not kept: {Figures.Count(figures.AtHalf.Missed, "request")} could not be sent in time. Is the machine busy?");
        terminal.WriteNote(
            $"{Large(figures.Records)} records in all, {figures.Seconds:0.##} s a measurement; "
            + $"server and load shared {Figures.Count(figures.Processors, "processor")}. The ledger is gone again.");
    }

    /// <summary>For programs. Members are only ever added.</summary>
    public static void WriteJson(BenchFigures figures, Terminal terminal) => Json.Write(terminal.Output, json =>
    {
        json.WriteStartObject();
        json.WriteNumber("seconds", figures.Seconds);
        json.WriteNumber("processors", figures.Processors);
        json.WriteNumber("recordsPerSecond", figures.FullPerSecond);
        json.WriteNumber("recordsPerSecondOneEach", figures.SinglePerSecond);
        json.WriteStartObject("atHalfRate");
        json.WriteNumber("recordsPerSecond", figures.AtHalf.RecordsPerSecond);
        json.WriteNumber("p50Milliseconds", figures.AtHalf.P50Milliseconds);
        json.WriteNumber("p99Milliseconds", figures.AtHalf.P99Milliseconds);
        json.WriteNumber("p999Milliseconds", figures.AtHalf.P999Milliseconds);
        json.WriteNumber("missedRequests", figures.AtHalf.Missed);
        json.WriteEndObject();
        json.WriteNumber("fdatasyncMilliseconds", figures.SyncMilliseconds);
        json.WriteNumber("bytesPerRecord", figures.BytesPerRecord);
        json.WriteNumber("records", figures.Records);
        json.WriteEndObject();
    });

    /// <summary>A large number in the words that people use for it.</summary>
    internal static string Large(double number) => number switch
    {
        >= 1e9 => $"{number / 1e9:N1} billion",
        >= 1e6 => $"{number / 1e6:N1} million",
        _ => $"{number:N0}",
    };
}
