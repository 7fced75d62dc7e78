using Metering.Ledger.Sqlite;
using Metering.Load;

namespace Metering.Bench;

/// <summary>
/// Fills the ledger of one server and measures on the way: the rate with little and with much in it, what is sent again, memory,
/// latencies, restarts after kill -9, and what is on the disk at the end.
/// </summary>
/// <param name="options">How the run is made.</param>
/// <param name="time">The clock.</param>
/// <param name="line">Where it is shown how far it is.</param>
internal sealed class FullLedgerRun(BenchOptions options, TimeProvider time, RewrittenLine line)
{
    private const long EarlyRecords = 1_000_000;
    private const long ReplayRecords = 10_000_000;
    private const long ReplaySeed = 1;

    // A small ledger is measured in the same proportions.
    private const int EarlyParts = 10, ReplayParts = 10, WarmParts = 4;

    private const int Kills = 3;
    private const double KillAfterSeconds = 3;

    /// <summary>Runs to the end; leaves no process and no file behind.</summary>
    /// <exception cref="BenchException">Something failed; the message says what.</exception>
    public async Task<FullLedgerResult> ExecuteAsync(CancellationToken stop)
    {
        Machine machine = Machine.Here(options.Data);
        DateTimeOffset started = time.GetUtcNow();
        var theft = new ProcessorTheft();
        using var folder = new WorkFolder(options.Data);
        string data = folder.Make("server");
        line.Say($"Filling a ledger in {options.Data} with {options.RecordsInLedger:N0} records; first the echo.");
        await using EchoProcess echo = await EchoProcess.StartAsync();
        var echoTurns = new List<double>();
        await TakeEchoTurnAsync(echo, echoTurns, stop);

        await using var ledger = new GrowingLedger(options, data, line, time);
        await ledger.StartAsync(stop);
        RateAt early = await MeasureEarlyAsync(ledger, stop);
        line.Say($"The rate from {early.Records:N0} records on: {early.RecordsPerSecond:N0} records/s.");
        long replayed = Math.Min(ReplayRecords, options.RecordsInLedger / ReplayParts) / Parts.FullRequest * Parts.FullRequest;
        await ledger.FillAsync(ledger.Records + replayed, stop, ReplaySeed);
        await ledger.FillAsync(options.RecordsInLedger, stop);
        double sustained = ledger.GrownPerSecond;
        line.Say($"Filled with {ledger.Records:N0} records at {sustained:N0} records/s.");

        ledger.Server.ForgetPeakBytes();
        RateAt full = await ledger.GrowAsync(TurnShape, stop);
        (long resident, long peak) = (ledger.Server.ResidentBytes, ledger.Server.PeakBytes);
        line.Say($"The rate from {full.Records:N0} records on: {full.RecordsPerSecond:N0} records/s; at most {peak / 1e6:N0} MB resident.");
        await TakeEchoTurnAsync(echo, echoTurns, stop);

        LoadFigures replay = await ledger.SendAsync(
            "sent again", new LoadShape(Parts.FullRequest, 0) { Requests = replayed / Parts.FullRequest, Seed = ReplaySeed, WarmSeconds = 0 }, stop);
        line.Say($"Sent {replayed:N0} of them again: {replay.Duplicates:N0} DUPLICATE, {replay.JudgedPerSecond:N0} records/s.");
        LoadFigures half = await ledger.SendAsync(
            "at half of the rate", LatencyRun.AtRate(full.RecordsPerSecond / 2, options.Seconds, options), stop);
        LoadFigures echoHalf = await new LoadProgram(options, echo.Address, "any").RunAsync(
            LatencyRun.AtRate(full.RecordsPerSecond / 2, options.OtherSeconds, options), stop);
        line.Say(
            $"At {full.RecordsPerSecond / 2:N0} records/s: p99 {half.P99Milliseconds:N1} ms, p99.9 {half.P999Milliseconds:N1} ms; "
            + $"the echo there {echoHalf.P99Milliseconds:N1} ms, {echoHalf.P999Milliseconds:N1} ms.");

        IReadOnlyList<double> ready = await KillAndRestartAsync(ledger, stop);
        await TakeEchoTurnAsync(echo, echoTurns, stop);
        await ledger.StopAsync(stop);
        return new FullLedgerResult(options, machine, started, new FullLedgerFigures
        {
            EchoPerSecond = Median.Of(echoTurns),
            Early = early,
            Full = full,
            SustainedPerSecond = sustained,
            Filling = ledger.Filling,
            Replayed = replayed,
            Duplicates = replay.Duplicates,
            ReplayPerSecond = replay.JudgedPerSecond,
            AtHalf = half,
            EchoAtHalf = echoHalf,
            StolenShare = theft.Share,
            PeakResidentBytes = peak,
            ResidentBytes = resident,
            ReadySeconds = ready,
            AtRest = await LookAsync(data, ledger.Records),
        });
    }

    private LoadShape TurnShape => new(Parts.FullRequest, options.Seconds);

    private async Task<RateAt> MeasureEarlyAsync(GrowingLedger ledger, CancellationToken stop)
    {
        long records = Math.Min(EarlyRecords, options.RecordsInLedger / EarlyParts);
        await ledger.FillAsync(records / WarmParts, stop);
        // One record a request: the same code, and the ledger grows little meanwhile.
        await ledger.SendAsync("warming up", new LoadShape(RecordsEach: 1, options.WarmSeconds) { WarmSeconds = 0 }, stop);
        await ledger.FillAsync(records, stop);
        return await ledger.GrowAsync(TurnShape, stop);
    }

    private async Task TakeEchoTurnAsync(EchoProcess echo, List<double> turns, CancellationToken stop)
    {
        var load = new LoadProgram(options, echo.Address, "any");
        void Show(double seconds, long sent) => line.Show($"  the echo: {sent:N0} records in {seconds:N0} s");
        if (turns.Count == 0)
            await load.RunAsync(new LoadShape(Parts.FullRequest, options.WarmSeconds), stop, Show);
        turns.Add((await load.RunAsync(new LoadShape(Parts.FullRequest, options.OtherSeconds), stop, Show)).AcceptedPerSecond);
        line.Say($"The echo: {turns[^1]:N0} records/s.");
    }

    private async Task<IReadOnlyList<double>> KillAndRestartAsync(GrowingLedger ledger, CancellationToken stop)
    {
        var ready = new List<double>();
        while (ready.Count < Kills)
        {
            await ledger.KillUnderLoadAsync(Math.Min(KillAfterSeconds, options.Seconds), stop);
            await ledger.StartAsync(stop);
            ready.Add(ledger.Server.ReadyAfter.TotalSeconds);
            line.Say($"Ready {ready[^1]:N2} s after a start that followed kill -9 under load.");
        }

        return ready;
    }

    // Opened as the next server would open it: what the index takes of memory is known to the store alone.
    private async Task<LedgerAtRest> LookAsync(string data, long acknowledged)
    {
        long bytes = WorkFolder.BytesOf(data);
        await using SqliteStore store = SqliteStore.Open(new SqliteStoreOptions(Path.Combine(data, "ledger.db")), time);
        if (store.Opening.Records < acknowledged)
            throw new BenchException($"The ledger has {store.Opening.Records:N0} records; {acknowledged:N0} were acknowledged.");
        IndexFigures index = store.IndexFigures;
        return new LedgerAtRest(store.Opening.Records, acknowledged, index.SealedUuids, index.SealedMemoryBytes, bytes);
    }
}
