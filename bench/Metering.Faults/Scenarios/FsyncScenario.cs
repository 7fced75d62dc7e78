namespace Metering.Faults;

/// <summary>
/// fsync fails at every place in turn. What was acknowledged must be on the disk by fsyncs that succeeded alone, and the
/// server must end; unless the fsync was of a folder in which nothing waited for it: SQLite makes such a one, and does not
/// look at its answer.
/// </summary>
internal sealed class FsyncScenario : Scenario
{
    private const int Rate = 100_000;
    private const int LedgerFailedExitCode = 5;
    private const int CannotStartExitCode = 4;

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(60);
    private const int LooksSinceFailureMaximum = 10; // it ends at once or not at all

    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    // So little that runs and checkpoints are among the first fsyncs.
    private static readonly StoreChanges Changes = new(IndexRecentUuids: 500, CheckpointBytes: 64 << 10);

    public override string Name => "fsync";

    public override string Does => "the Nth fsync of a server under load answers EIO and does nothing, N = 1, 2, 3 ...; seals, merges and checkpoints are among the first";

    public override string Checks =>
        "the server ends by itself with exit code 5 (4 while starting); all that was acknowledged is on the disk by other fsyncs, which succeeded; restart, all of it DUPLICATE, the whole ledger is read";

    public override int LongTimes => 60;

    public override int ShortTimes => 4;

    public override async Task RunAsync(ScenarioRun run)
    {
        using var folder = TemporaryDirectory.InMemory();
        await LedgerUnderLoad.PrepareAsync(folder, folder["prepared"]);
        var tally = new LedgerTally();

        // All of them, or as many evenly spread.
        for (int time = 1; time <= run.Times; time++)
            await FailAsync(run, folder, run.Times >= LongTimes ? time : time * LongTimes / run.Times, tally);
        tally.Report(run);
        await RunControlsAsync(run, folder);
    }

    private static async Task FailAsync(ScenarioRun run, TemporaryDirectory folder, int number, LedgerTally tally)
    {
        LedgerUnderLoad ledger = NewLedger(folder, number);
        var shim = new Shim(ledger.Data) { Record = folder[$"record{number}"], FsyncFailsAt = number };
        int? exitCode = await ServeAsync(ledger, shim);
        WriteRecord record = WriteRecord.Read(shim.Record);
        WriteEvent? failed = record.Events.FirstOrDefault(one => one.Kind == WriteKind.SyncFailed);
        if (failed is null)
        {
            run.Fault($"fsync {number} never came (exit code {exitCode}).");
            return;
        }

        string kind = KindOf(failed.Path, ledger.Data);
        bool isIdle = IsIdle(record, failed);
        if (isIdle)
            run.Count("of a folder in which nothing waited for it, and the server went on", exitCode is null ? 1 : 0);
        run.Count($"failed in {kind}", 1);
        run.Require(exitCode is LedgerFailedExitCode or CannotStartExitCode || (isIdle && exitCode is null), $"fsync {number} of {kind} failed, and the server ended with exit code {exitCode}.");
        LedgerCheck durable = await CheckWhatWasSyncedAsync(folder, record, ledger, record.Events[^1]);
        run.Require(durable.Lost.Count == 0, $"fsync {number} of {kind} failed, and {durable.Lost.Count} records were acknowledged on its strength: {durable}");
        await using (MeteringProcess server = await ledger.StartAsync())
        {
            await tally.ReplayAsync(run, ledger, server, ledger.Acknowledged);
            int stopped = await server.StopAsync();
            run.Require(stopped == 0, $"After fsync {number} failed, the next server stopped with exit code {stopped}.");
        }

        LedgerCheck check = await ledger.BeginCheck();
        tally.Judge(run, check);
        tally.Close(ledger);
        run.Tell($"fsync {number}, of {kind}: exit code {exitCode}; {check}");
        File.Delete(shim.Record);
        Directory.Delete(ledger.Data, recursive: true);
    }

    private static LedgerUnderLoad NewLedger(TemporaryDirectory folder, int number)
    {
        string data = folder[$"data{number}"];
        LedgerUnderLoad.CopyFolder(folder["prepared"], data);
        return new LedgerUnderLoad(folder, data, Changes);
    }

    // The exit code; null when it has to be killed.
    private static async Task<int?> ServeAsync(LedgerUnderLoad ledger, Shim shim)
    {
        try
        {
            await using MeteringProcess server = await ledger.StartAsync(await shim.ToEnvironmentAsync());
            using LoadProcess load = ledger.BeginLoad(server, Rate);
            int? exitCode = null;
            int looksSinceFailure = 0;
            for (TimeSpan waited = default; exitCode is null && waited < LongestWait && looksSinceFailure < LooksSinceFailureMaximum; waited += LookInterval)
            {
                exitCode = await server.WaitForExitAsync(LookInterval);
                WriteRecord record = WriteRecord.Read(shim.Record!);
                if (record.Events.FirstOrDefault(one => one.Kind == WriteKind.SyncFailed) is not { } failed)
                    continue;
                looksSinceFailure++;
                if (IsIdle(record, failed))
                    break; // it need not end
            }

            await server.KillAsync();
            if (await load.TryEndAsync() is { } end)
                ledger.Note(end);
            return exitCode;
        }
        catch (ServerStartException fault)
        {
            return fault.ExitCode;
        }
    }

    private static async Task<LedgerCheck> CheckWhatWasSyncedAsync(TemporaryDirectory folder, WriteRecord record, LedgerUnderLoad ledger, WriteEvent last)
    {
        string left = folder["left"];
        DiskAfterCut.Make(record, ledger.Data, folder["prepared"], last.End, null, left);
        LedgerCheck check = await LedgerCheck.RunAsync(Path.Combine(left, "ledger.db"), ledger.Acknowledged, Changes);
        Directory.Delete(left, recursive: true);
        return check;
    }

    // A disk that fails and says nothing: the same check must see it. And one that does not fail: nothing may end.
    private static async Task RunControlsAsync(ScenarioRun run, TemporaryDirectory folder)
    {
        const int LiesFrom = 40;
        LedgerUnderLoad ledger = NewLedger(folder, 0);
        var lying = new Shim(ledger.Data) { Record = folder["lies"], FsyncLiesFrom = LiesFrom };
        await using (MeteringProcess server = await ledger.StartAsync(await lying.ToEnvironmentAsync()))
        {
            using LoadProcess load = await ledger.LoadAsync(server, Rate);
            while (!File.Exists(lying.Record) || !WriteRecord.Read(lying.Record).Events.Any(one => one.Kind == WriteKind.SyncFailed))
                await Task.Delay(50);
            await Task.Delay(500);
            run.Require(await server.StopAsync() == 0, "A server whose disk says that all is well did not stop in order.");
            ledger.Note(await load.EndAsync());
        }

        WriteRecord record = WriteRecord.Read(lying.Record);
        LedgerCheck check = await CheckWhatWasSyncedAsync(folder, record, ledger, record.Events.First(one => one.Kind == WriteKind.SyncFailed));
        run.Require(check.Lost.Count > 0, "A disk that lies about fsync is not seen: the check sees nothing.");
        run.Control = $"a disk that answers fsync {LiesFrom} and all later ones without doing them: the same check finds {check.Lost.Count:#,0} acknowledged records missing; the server does not end";
    }

    // Whether a folder's names had all been fsynced before.
    private static bool IsIdle(WriteRecord record, WriteEvent failed)
    {
        WriteEvent? synced = record.Events.LastOrDefault(one => one.At < failed.At && one.Kind == WriteKind.FolderSynced && one.Path == failed.Path);
        return synced is not null && !record.Events.Any(one => one.At >= synced.Mark && one.At < failed.At
            && one.Kind is WriteKind.Created or WriteKind.Renamed or WriteKind.Unlinked or WriteKind.FolderMade
            && Path.GetDirectoryName(one.Path.Split('\n')[0]) == failed.Path);
    }

    private static string KindOf(string path, string data) => path == data ? "the data directory"
        : path.EndsWith("ledger.db", StringComparison.Ordinal) ? "the ledger's file"
        : path.EndsWith("-wal", StringComparison.Ordinal) ? "the write-ahead log"
        : path.EndsWith(".index", StringComparison.Ordinal) ? "the index's folder"
        : path.Contains(".index/", StringComparison.Ordinal) ? "a run"
        : "another file";
}
