namespace Metering.Faults;

/// <summary>
/// The disk fills up under load, at another place each time: the reserve is switched off, so that the disk itself refuses,
/// wherever it happens to be. Every other time it is a small tmpfs, where that is permitted; otherwise the shim refuses.
/// </summary>
internal sealed class DiskFullScenario : Scenario
{
    private const int Rate = 60_000;
    private const int FilesBytes = 64 << 20;
    private const int FirstFreeBytes = 200_000;
    private const int FreeStepBytes = 150_000;
    private const int WritesStep = 25;

    private const int LoadsMaximum = 30;
    private const double LoadSeconds = 1;

    // So little that runs and checkpoints come again and again.
    private static readonly StoreChanges Changes = new(IndexRecentUuids: 2_000, CheckpointBytes: 128 << 10);

    public override string Name => "disk-full";

    public override string Does => "under load the disk takes no more, from 200 KB on (a tmpfs) or from the Nth write on (ENOSPC), each time later; then there is space again";

    public override string Checks =>
        "refused with UNAVAILABLE and nothing else, the server stays up, accepts again by itself once there is space, and stops in order; the whole ledger is read, restart, all DUPLICATE";

    public override int LongTimes => 50;

    public override int ShortTimes => 4;

    public override async Task RunAsync(ScenarioRun run)
    {
        using var folder = TemporaryDirectory.InMemory();
        await LedgerUnderLoad.PrepareAsync(folder, folder["prepared"]);
        bool isMountable = await LoopDisk.IsPossibleAsync();
        var tally = new LedgerTally();
        for (int time = 1; time <= run.Times; time++)
        {
            int point = run.Times >= LongTimes ? time : time * LongTimes / run.Times;
            string data = folder[$"data{time}"];
            Directory.CreateDirectory(data);
            bool isMounted = isMountable && time % 2 == 0;
            if (isMounted)
                (await Programs.RunAsync("mount", ["-t", "tmpfs", "-o", $"size={FilesBytes}", "tmpfs", data])).Succeeded();
            try
            {
                await FillAsync(run, folder, data, isMounted, point, tally);
            }
            finally
            {
                if (isMounted)
                    await Programs.RunAsync("umount", ["-l", data]);
            }
        }

        tally.Report(run);
        run.Control = "the same load with space: no refusal, which is what the second half of each time is";
    }

    private static async Task FillAsync(ScenarioRun run, TemporaryDirectory folder, string data, bool isMounted, int point, LedgerTally tally)
    {
        LedgerUnderLoad.CopyFolder(folder["prepared"], data);
        var ledger = new LedgerUnderLoad(folder, data, Changes);
        string filler = Path.Combine(data, "ledger.db.filler"), space = folder[$"space{point}"];
        var shim = new Shim(data) { Record = folder[$"record{point}"], Space = space, FullAt = isMounted ? 0 : point * WritesStep };
        await using (MeteringProcess server = await ledger.StartAsync(await shim.ToEnvironmentAsync()))
        {
            if (isMounted)
                await FillUpAsync(data, filler, FirstFreeBytes + (point * FreeStepBytes));
            LoadEnd refused = await LoadUntilAsync(ledger, server, _ => server.Errors.Contains("Writes are refused", StringComparison.Ordinal));
            string summary = refused.Summary.ToString();
            run.Require(server.Errors.Contains("Writes are refused", StringComparison.Ordinal), $"Point {point}: the disk was full and nobody said so. {server.Errors} {summary}");
            foreach (System.Text.Json.JsonProperty status in refused.Summary.GetProperty("requests").GetProperty("statuses").EnumerateObject())
            {
                run.Require(status.Name is "OK" or "UNAVAILABLE", $"Point {point}: a full disk was answered with {status.Name}. {summary}");
                run.Count("requests answered UNAVAILABLE", status.Name == "UNAVAILABLE" ? status.Value.GetInt64() : 0);
            }

            File.Delete(filler);
            await File.WriteAllTextAsync(space, "");
            LoadEnd accepted = await LoadUntilAsync(ledger, server, end => end.Verdicts("ACCEPTED") > 0);
            run.Require(accepted.Acknowledged.Length > 0, $"Point {point}: there is space again, and nothing is accepted. {server.Errors} {accepted.Summary}");
            int exitCode = await server.StopAsync();
            run.Require(exitCode == 0, $"Point {point}: the server ended with exit code {exitCode}. {server.Errors}");
        }

        if (!isMounted)
            CountPlaces(run, WriteRecord.Read(shim.Record));
        File.Delete(shim.Record);
        LedgerCheck check = await ledger.BeginCheck();
        tally.Judge(run, check);
        await using (MeteringProcess server = await ledger.StartAsync())
        {
            await tally.ReplayAsync(run, ledger, server, ledger.Acknowledged);
            run.Require(await server.StopAsync() == 0, $"Point {point}: the next server did not stop in order.");
        }

        tally.Close(ledger);
        run.Tell($"point {point} ({(isMounted ? "tmpfs" : "ENOSPC")}): {check}");
    }

    private static async Task FillUpAsync(string data, string filler, long free)
    {
        long bytes = new DriveInfo(data).AvailableFreeSpace - free;
        (await Programs.RunAsync("fallocate", ["-l", $"{bytes}", filler])).Succeeded();
    }

    // One short load after the other, until it happened; or so many that it will not happen.
    private static async Task<LoadEnd> LoadUntilAsync(LedgerUnderLoad ledger, MeteringProcess server, Func<LoadEnd, bool> hasHappened)
    {
        for (int load = 1; ; load++)
        {
            using LoadProcess sending = ledger.BeginLoad(server, Rate, LoadSeconds);
            LoadEnd end = await sending.EndAsync();
            ledger.Note(end);
            if (hasHappened(end) || load == LoadsMaximum)
                return end;
        }
    }

    private static void CountPlaces(ScenarioRun run, WriteRecord record)
    {
        foreach (string path in record.Events.Where(one => one.Kind == WriteKind.Full).Select(one => one.Path).Distinct())
        {
            run.Count(path.EndsWith("-wal", StringComparison.Ordinal) ? "times the write-ahead log was refused"
                : path.Contains(".index/", StringComparison.Ordinal) ? "times a run"
                : path.EndsWith("ledger.db", StringComparison.Ordinal) ? "times the ledger's file, by a checkpoint"
                : "times the map of the log", 1);
        }
    }
}
