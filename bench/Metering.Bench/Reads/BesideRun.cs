using Metering.Client;
using Metering.Contracts.V1;
using Metering.Load;

namespace Metering.Bench;

/// <summary>Full-rate writes in pairs of turns, alone and with reads beside them, in an order that is turned round from pair to pair.</summary>
/// <param name="options">How the run is made.</param>
/// <param name="month">What is in the ledger at first.</param>
/// <param name="data">The data directory that it is in.</param>
/// <param name="line">Where it is shown how far it is.</param>
/// <param name="time">The clock.</param>
internal sealed class BesideRun(BenchOptions options, MonthOfUsage month, string data, RewrittenLine line, TimeProvider time)
{
    private const int TurnParts = 6;

    /// <summary>Runs all pairs on one server.</summary>
    public async Task<WritesBesideReads> ExecuteAsync(CancellationToken stop)
    {
        await using BenchServer server = await BenchServer.StartAsync(options.Checkout, data, time, stop, hasCatalog: true);
        using MeteringClient client = await server.ConnectAsync(data, stop);
        IReadOnlyList<QueryUsageRequest> queries = [.. MonthQuestion.All(time.GetUtcNow()).Select(question => question.ToRequest())];
        var load = new LoadProgram(options, server.Grpc, server.Token);
        await load.RunAsync(new LoadShape(Parts.FullRequest, options.WarmSeconds), stop);
        await using (var warming = new ReadsBeside(client, queries, time)) // compiles what reads
            await load.RunAsync(new LoadShape(Parts.FullRequest, options.WarmSeconds / 4), stop);

        double seconds = Math.Max(options.Seconds / TurnParts, Math.Min(options.Seconds, 1));
        var shape = new LoadShape(Parts.FullRequest, seconds);
        var pairs = new List<WritePair>();
        while (pairs.Count < options.Rounds)
        {
            bool isAloneFirst = pairs.Count % 2 == 0;
            LoadFigures? before = isAloneFirst ? await load.RunAsync(shape, stop) : null;
            await using var reads = new ReadsBeside(client, queries, time);
            LoadFigures beside = await load.RunAsync(shape, stop);
            ReadsDone done = await reads.EndAsync();
            pairs.Add(new WritePair(before ?? await load.RunAsync(shape, stop), beside, done));
            line.Say(
                $"pair {pairs.Count} of {options.Rounds}: {pairs[^1].Alone.AcceptedPerSecond:N0} records/s alone, {beside.AcceptedPerSecond:N0} with reads "
                + $"({done.Verified / done.Seconds:N0}/s verified, {done.Exported / done.Seconds:N0}/s exported, queries p50 {done.QueryP50Milliseconds:N0} ms).");
        }

        await server.StopAsync(stop);
        return new WritesBesideReads(month.Records, seconds, pairs);
    }
}
