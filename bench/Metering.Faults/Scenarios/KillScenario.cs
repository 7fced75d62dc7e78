namespace Metering.Faults;

/// <summary>
/// kill -9 under full load, round after round on one data directory. Of three kills one comes at any moment, one when the
/// index is seen to be writing a run, and one is the server's own, at some step of sealing and merging, to the instruction.
/// </summary>
internal sealed class KillScenario : Scenario
{
    private const int KillsPerLedger = 8; // then a new one: what is checked each time stays small

    private const int StepsMaximum = 60; // of sealing and merging, some of which come at every few tens of thousands of records

    private const int KilledExitCode = 128 + 9;

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    public override string Name => "kill";

    public override string Does => "kill -9 at a random moment under full load (10 % duplicates), the index sealed every 20,000 records and merged by three";

    public override string Checks =>
        "restart; what was acknowledged is sent again (up to 20,000 records): all DUPLICATE; the whole ledger is read: none lost, none counted twice, totals and index equal the records";

    public override int LongTimes => 200;

    public override int ShortTimes => 3;

    public override async Task RunAsync(ScenarioRun run)
    {
        using var folder = new TemporaryDirectory();
        await LedgerUnderLoad.PrepareAsync(folder, folder["prepared"]);
        var tally = new Tally();
        for (int done = 0; done < run.Times; done += KillsPerLedger)
            await BreakOneLedgerAsync(run, folder, done, Math.Min(KillsPerLedger, run.Times - done), tally);
        run.Require(tally.WithLog > 0, "Not one kill left a write-ahead log: nothing was interrupted.");
        run.Require(tally.Sealing + tally.Merging + tally.AtStep > 0, "Not one kill came while a run was written or replaced: sealing and merging were never interrupted.");
        tally.Ledgers.Report(run);
        run.Count("kills left a write-ahead log", tally.WithLog);
        run.Count("an unfinished seal", tally.Sealing);
        run.Count("an unfinished merge", tally.Merging);
        run.Count("came at a step between writing a run and deleting the last that it replaces", tally.AtStep);
    }

    private static async Task BreakOneLedgerAsync(ScenarioRun run, TemporaryDirectory folder, int done, int kills, Tally tally)
    {
        string data = folder["data"];
        LedgerUnderLoad.CopyFolder(folder["prepared"], data);
        var ledger = new LedgerUnderLoad(folder, data, new StoreChanges());
        IReadOnlyList<UInt128> fresh = [];
        Task<LedgerCheck>? checking = null;
        for (int kill = 1; kill <= kills; kill++)
        {
            Moment moment = (Moment)((done + kill) % Enum.GetValues<Moment>().Length);
            if (moment == Moment.AtIndexStep)
            {
                // It may die before it listens or acknowledges anything: the next server replays for it.
                fresh = [.. fresh, .. await KillItselfAsync(ledger, run.Random.Next(1, StepsMaximum), tally)];
            }
            else
            {
                await using MeteringProcess server = await ledger.StartAsync();
                await tally.Ledgers.ReplayAsync(run, ledger, server, fresh);
                fresh = await KillUnderLoadAsync(run, ledger, server, moment);
            }

            Look(ledger, tally);
            if (checking is not null)
                tally.Ledgers.Judge(run, await checking);
            checking = ledger.BeginCheck();
            run.Tell($"kill {done + kill}: {ledger.Acknowledged.Count:#,0} acknowledged in this ledger; {tally.Sealing} in a seal, {tally.Merging} in a merge so far");
        }

        await using (MeteringProcess server = await ledger.StartAsync())
        {
            await tally.Ledgers.ReplayAsync(run, ledger, server, fresh);
            int exitCode = await server.StopAsync();
            run.Require(exitCode == 0, $"Stopped, the server ended with exit code {exitCode}.\n{server.Errors}");
        }

        tally.Ledgers.Judge(run, await checking!);
        LedgerCheck last = await ledger.BeginCheck();
        tally.Ledgers.Judge(run, last);
        tally.Ledgers.Close(ledger);
        if (done == 0)
            run.Control = await CheckControl.RunAsync(run, ledger, last);
        Directory.Delete(data, recursive: true);
    }

    private static async Task<IReadOnlyList<UInt128>> KillUnderLoadAsync(ScenarioRun run, LedgerUnderLoad ledger, MeteringProcess server, Moment moment)
    {
        using LoadProcess load = await ledger.LoadAsync(server);
        await Task.Delay(run.Random.Next(50, 700));
        if (moment == Moment.WritingRun)
            WaitForUnfinishedRun(ledger);
        await server.KillAsync();
        LoadEnd end = await load.EndAsync();
        ledger.Note(end);
        run.Require(end.Verdicts("DUPLICATE") > 0 && end.Summary.GetProperty("lostConnections").GetArrayLength() > 0, $"Nothing was interrupted: {end.Summary}");
        return end.Acknowledged;
    }

    private static async Task<IReadOnlyList<UInt128>> KillItselfAsync(LedgerUnderLoad ledger, int step, Tally tally)
    {
        try
        {
            await using MeteringProcess server = await ledger.StartAsync(new StoreChanges { KillAtIndexStep = step });
            using LoadProcess load = ledger.BeginLoad(server);
            tally.AtStep += await server.WaitForExitAsync(LongestWait) is null ? 0 : 1;
            await server.KillAsync();
            if (await load.TryEndAsync() is not { } end)
                return [];
            ledger.Note(end);
            return end.Acknowledged;
        }
        catch (ServerStartException fault) when (fault.ExitCode == KilledExitCode)
        {
            tally.AtStep++;
            return [];
        }
    }

    private static void Look(LedgerUnderLoad ledger, Tally tally)
    {
        tally.WithLog += new FileInfo(ledger.File + "-wal") is { Exists: true, Length: > 0 } ? 1 : 0;
        (int seals, int merges) = UnfinishedRuns.In(ledger.IndexFolder);
        tally.Sealing += Math.Min(1, seals);
        tally.Merging += Math.Min(1, merges);
    }

    // Busily: a run of so few records takes milliseconds.
    private static void WaitForUnfinishedRun(LedgerUnderLoad ledger)
    {
        long startedAt = TimeProvider.System.GetTimestamp();
        while (UnfinishedRuns.In(ledger.IndexFolder) == (0, 0) && TimeProvider.System.GetElapsedTime(startedAt) < LongestWait)
            Thread.Yield();
    }

    private enum Moment
    {
        Any,
        WritingRun,
        AtIndexStep,
    }

    private sealed class Tally
    {
        public readonly LedgerTally Ledgers = new();
        public int WithLog;
        public int Sealing;
        public int Merging;
        public int AtStep;
    }
}
