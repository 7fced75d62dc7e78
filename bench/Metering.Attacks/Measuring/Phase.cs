using Metering.Load;

namespace Metering.Attacks;

/// <summary>What a well-behaved client and the server's memory were like for a while.</summary>
/// <param name="P99Milliseconds">99th percentile of the client's Writes, from the intended moment of sending.</param>
/// <param name="PeakBytes">Most memory that the server had.</param>
/// <param name="Sent">Records that the client meant to send.</param>
/// <param name="Acknowledged">Records whose acceptance it received.</param>
/// <param name="Counted">Records that the ledger's totals grew by.</param>
/// <param name="Fault">What the client has to complain of; null for nothing.</param>
internal sealed record Phase(double P99Milliseconds, long PeakBytes, long Sent, long Acknowledged, long Counted, string? Fault)
{
    /// <summary>Every record that was to be sent was sent, acknowledged and counted, once.</summary>
    public bool IsAllCounted => Fault is null && Sent == Acknowledged && Acknowledged == Counted;
}

/// <summary>The well-behaved client: full Writes at a fixed rate over a few connections, every verdict counted.</summary>
/// <param name="server">Whom it writes to.</param>
/// <param name="writesPerSecond">Writes of 25 records a second.</param>
/// <param name="time">The clock.</param>
internal sealed class SteadyClient(ServerProcess server, int writesPerSecond, TimeProvider time)
{
    private const int RecordsPerWrite = 25;
    private const double NanosecondsPerMillisecond = 1e6;

    /// <summary>Writes for a while, over connections that it opens first.</summary>
    public async Task<Phase> MeasureAsync(double seconds)
    {
        server.Memory.ForgetPeakBytes();
        long before = await server.CountRecordsAsync();
        LoadOptions options = Options(seconds);
        try
        {
            LoadSummary summary = await Task.Run(() => new LoadRun(options, time).Execute());
            long counted = await server.CountRecordsAsync() - before;
            LoadTally tally = summary.Tally;
            return new Phase(
                tally.Latency.GetPercentile(99) / NanosecondsPerMillisecond, server.Memory.PeakBytes,
                (tally.Sent + tally.Missed) * RecordsPerWrite, tally.Verdicts[VerdictCounts.Accepted], counted, FaultOf(summary));
        }
        catch (LoadException fault)
        {
            return new Phase(double.PositiveInfinity, server.Memory.PeakBytes, 0, 0, 0, fault.Message);
        }
    }

    private static string? FaultOf(LoadSummary summary)
    {
        if (summary.IsClean)
            return null;
        LoadTally tally = summary.Tally;
        IEnumerable<string> statuses = Enumerable.Range(1, LoadTally.Statuses - 1).Where(status => tally.ByStatus[status] > 0)
            .Select(status => $"{tally.ByStatus[status]} {LoadTally.StatusNames[status]} ({tally.StatusMessages[status]})");
        return string.Join(", ", [
            .. statuses, $"{tally.Reset} reset", $"{tally.Malformed} malformed", $"{tally.Unanswered} unanswered", $"{tally.Missed} not sent", .. tally.Losses.Distinct()]);
    }

    private LoadOptions Options(double seconds) => new()
    {
        Address = server.Target.Grpc,
        Token = server.Target.Token,
        Service = WriteService.Product,
        Owner = ServerProcess.Instance,
        Skus = [ServerProcess.Sku],
        Records = RecordsPerWrite,
        Connections = 2,
        Streams = 64,
        Seconds = seconds,
        Requests = null,
        DuplicatesPercent = 0,
        Uuid = UuidVersion.V4,
        RecordsPerSecond = writesPerSecond * RecordsPerWrite,
        Output = OutputFormat.Text,
        AcknowledgedPath = null,
    };
}
