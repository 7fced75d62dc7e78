namespace Metering.Faults;

/// <summary>
/// A power cut, as a disk sees it: the data directory is on a <see cref="LoopDisk"/>, the server is stopped dead under full
/// load, and its disk is replaced by a copy of what had reached it. The next server finds what is left after that.
/// </summary>
internal sealed class PowerCutScenario : Scenario
{
    private const int CutsPerLedger = 10; // then a new one: what is checked each time stays small
    private const int ControlCutsMaximum = 10;
    private const long DiskBytes = 512L << 20;

    public override string Name => "power-cut";

    public override string Does => "an ext4 image is copied while the server under full load stands still (SIGSTOP), and mounted in place of its disk";

    public override string Checks =>
        "the copy mounts, the server starts on it; up to 20,000 records sent again: all DUPLICATE; the whole ledger is read, as after a kill";

    public override int LongTimes => 60;

    public override int ShortTimes => 2;

    public override async Task RunAsync(ScenarioRun run)
    {
        if (!await LoopDisk.IsPossibleAsync())
        {
            run.Tell("images cannot be mounted here (that takes root and loop devices): the power is cut as lost-writes does it");
            await new LostWritesScenario().RunAsync(run);
            return;
        }

        using var folder = TemporaryDirectory.InMemory();
        await LedgerUnderLoad.PrepareAsync(folder, folder["prepared"]);
        var tally = new LedgerTally();
        for (int done = 0; done < run.Times; done += CutsPerLedger)
            await BreakOneDiskAsync(run, folder, done, Math.Min(CutsPerLedger, run.Times - done), tally);
        tally.Report(run);
        await RunControlAsync(run, folder);
    }

    private static async Task BreakOneDiskAsync(ScenarioRun run, TemporaryDirectory folder, int done, int cuts, LedgerTally tally)
    {
        await using LoopDisk disk = await LoopDisk.CreateAsync(folder, $"disk{done}", DiskBytes);
        LedgerUnderLoad ledger = await NewLedgerAsync(folder, disk, new StoreChanges());
        IReadOnlyList<UInt128> fresh = [];
        Task<LedgerCheck>? checking = null;
        for (int cut = 1; cut <= cuts; cut++)
        {
            await using (MeteringProcess server = await ledger.StartAsync())
            {
                await tally.ReplayAsync(run, ledger, server, fresh);
                fresh = await CutAsync(run, disk, ledger, server);
            }

            if (checking is not null)
                tally.Judge(run, await checking);
            checking = ledger.BeginCheck();
            run.Tell($"cut {done + cut}: {ledger.Acknowledged.Count:#,0} acknowledged in this ledger");
        }

        await using (MeteringProcess server = await ledger.StartAsync())
        {
            await tally.ReplayAsync(run, ledger, server, fresh);
            int exitCode = await server.StopAsync();
            run.Require(exitCode == 0, $"Stopped, the server ended with exit code {exitCode}.\n{server.Errors}");
        }

        tally.Judge(run, await checking!);
        tally.Judge(run, await ledger.BeginCheck());
        tally.Close(ledger);
    }

    private static async Task<LedgerUnderLoad> NewLedgerAsync(TemporaryDirectory folder, LoopDisk disk, StoreChanges changes)
    {
        string data = Path.Combine(disk.FullPath, "data");
        LedgerUnderLoad.CopyFolder(folder["prepared"], data);
        (await Programs.RunAsync("sync", ["-f", data])).Succeeded(); // an installation is older than its first power cut
        return new LedgerUnderLoad(folder, data, changes);
    }

    private static async Task<IReadOnlyList<UInt128>> CutAsync(ScenarioRun run, LoopDisk disk, LedgerUnderLoad ledger, MeteringProcess server)
    {
        using LoadProcess load = await ledger.LoadAsync(server);
        await Task.Delay(run.Random.Next(50, 1000));
        await server.FreezeAsync();
        string left = await disk.CutAsync();
        await server.KillAsync();

        // Whatever the load still receives was sent before the server stood still.
        LoadEnd end = await load.EndAsync();
        ledger.Note(end);
        await disk.ReplaceAsync(left);
        return end.Acknowledged;
    }

    private static async Task RunControlAsync(ScenarioRun run, TemporaryDirectory folder)
    {
        // A log that is never copied into the file is never fsynced either.
        var changes = new StoreChanges { IsFsyncSkipped = true, CheckpointBytes = DiskBytes / 4 };
        for (int cut = 1; cut <= ControlCutsMaximum; cut++)
        {
            await using LoopDisk disk = await LoopDisk.CreateAsync(folder, $"control{cut}", DiskBytes);
            LedgerUnderLoad ledger = await NewLedgerAsync(folder, disk, changes);
            await using (MeteringProcess server = await ledger.StartAsync())
                await CutAsync(run, disk, ledger, server);
            LedgerCheck check = await ledger.BeginCheck();
            run.Tell($"control, cut {cut}: {check.Lost.Count} of {ledger.Acknowledged.Count} lost");
            if (check.Lost.Count == 0)
                continue;
            run.Control = $"with synchronous=NORMAL, cut {cut} lost {check.Lost.Count:#,0} of {ledger.Acknowledged.Count:#,0} acknowledged records";
            return;
        }

        run.Fault($"With synchronous=NORMAL nothing was lost in {ControlCutsMaximum} cuts: they cut nothing.");
    }
}
