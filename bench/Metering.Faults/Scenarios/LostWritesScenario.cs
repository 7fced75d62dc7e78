namespace Metering.Faults;

/// <summary>
/// A power cut without mounting anything, and harder: what a server writes is recorded, and disks are made of the record
/// that hold what was fsynced and, of the rest, anything in any order.
/// </summary>
internal sealed class LostWritesScenario : Scenario
{
    private const int CutsPerRecord = 20;
    private const int Freezes = 4;
    private const int ControlCuts = 1; // at the very end, keeping only what was fsynced: what was acknowledged last never was
    private const int Rate = 60_000; // all of it stays in memory

    private static readonly TimeSpan FlushTime = TimeSpan.FromMilliseconds(1300); // the load writes down what it knows each second

    public override string Name => "lost-writes";

    public override string Does =>
        "every write, fsync and rename of a server under load is recorded; the power is cut somewhere: of what was not fsynced, writes are lost, kept, torn and reordered";

    public override string Checks => "the store opens on what is left; the whole ledger is read, as after a kill";

    public override int LongTimes => 100;

    public override int ShortTimes => 6;

    public override async Task RunAsync(ScenarioRun run)
    {
        using var folder = TemporaryDirectory.InMemory();
        await LedgerUnderLoad.PrepareAsync(folder, folder["prepared"]);
        var tally = new Tally();
        for (int done = 0; done < run.Times; done += CutsPerRecord)
        {
            int lost = await CutAsync(run, folder, new StoreChanges(), done, Math.Min(CutsPerRecord, run.Times - done), tally);
            run.Require(lost == 0, $"{lost} acknowledged records are lost.");
        }

        tally.Ledgers.Report(run);
        run.Count("bytes recorded", tally.RecordedBytes);
        run.Count("cuts within 20 events of a rename, a deletion or a shortened file", tally.AtNames);

        int controlLost = await CutAsync(run, folder, new StoreChanges { IsFsyncSkipped = true, CheckpointBytes = 256 << 20 }, run.Times, ControlCuts, null);
        run.Require(controlLost > 0, "With synchronous=NORMAL nothing was lost: the cuts cut nothing.");
        run.Control = $"with synchronous=NORMAL, a cut lost {controlLost:#,0} acknowledged records";
    }

    private static async Task<int> CutAsync(ScenarioRun run, TemporaryDirectory folder, StoreChanges changes, int done, int cuts, Tally? tally)
    {
        string data = folder["data"], file = folder["record"];
        LedgerUnderLoad.CopyFolder(folder["prepared"], data);
        var ledger = new LedgerUnderLoad(folder, data, changes);
        List<(long Place, UInt128[] Acknowledged)> moments = await RecordAsync(run, ledger, new Shim(data) { Record = file });
        WriteRecord record = WriteRecord.Read(file);
        run.Tell($"recorded {record.Events.Count:#,0} events, {record.Events[^1].End:#,0} bytes, {ledger.Acknowledged.Count:#,0} acknowledged");
        int lost = 0;
        for (int cut = 1; cut <= cuts; cut++)
        {
            int moment = tally is null ? moments.Count - 1 : cut % moments.Count;
            (long place, bool isAtNames) = Place(run, record, moments[moment].Place, moment + 1 < moments.Count ? moments[moment + 1].Place : record.Events[^1].End);
            string left = folder[$"left{done + cut}"];
            DiskAfterCut.Make(record, data, folder["prepared"], place, tally is null ? null : run.Random, left);
            LedgerCheck check = await LedgerCheck.RunAsync(Path.Combine(left, "ledger.db"), moments[moment].Acknowledged, changes);
            Directory.Delete(left, recursive: true);
            run.Tell($"cut {done + cut} at {place:#,0}: {check}");
            lost += check.Lost.Count;
            tally?.Ledgers.Judge(run, check);
            if (tally is not null)
                tally.AtNames += isAtNames ? 1 : 0;
        }

        if (tally is not null)
        {
            tally.Ledgers.Close(ledger);
            tally.RecordedBytes += record.Events[^1].End;
        }

        Directory.Delete(data, recursive: true);
        File.Delete(file);
        return lost;
    }

    // What was acknowledged before a moment of standing still was fsynced before that place of the record.
    private static async Task<List<(long Place, UInt128[] Acknowledged)>> RecordAsync(ScenarioRun run, LedgerUnderLoad ledger, Shim shim)
    {
        var moments = new List<(long, UInt128[])>();
        await using MeteringProcess server = await ledger.StartAsync(await shim.ToEnvironmentAsync());
        using LoadProcess load = await ledger.LoadAsync(server, Rate);
        for (int freeze = 0; freeze < Freezes; freeze++)
        {
            await Task.Delay(run.Random.Next(200, 1200));
            await server.FreezeAsync();
            await Task.Delay(FlushTime);
            moments.Add((new FileInfo(shim.Record!).Length, load.ReadAcknowledged()));
            await server.ContinueAsync();
        }

        await Task.Delay(run.Random.Next(200, 600));
        await server.KillAsync();
        ledger.Note(await load.EndAsync());
        moments.Add((new FileInfo(shim.Record!).Length, [.. ledger.Acknowledged]));
        return moments;
    }

    // A third right there, a third anywhere before the next, a third where names change.
    private static (long Place, bool IsAtNames) Place(ScenarioRun run, WriteRecord record, long from, long to)
    {
        WriteEvent[] between = [.. record.Events.Where(one => one.At >= from && one.End <= to)];
        int kind = run.Random.Next(3);
        if (between.Length == 0 || kind == 0)
            return (from, false);
        int[] names = [.. Enumerable.Range(0, between.Length)
            .Where(place => between[place].Kind is WriteKind.Renamed or WriteKind.Unlinked or WriteKind.Truncated)];
        if (kind == 1 || names.Length == 0)
            return (between[run.Random.Next(between.Length)].End, false);
        int near = names[run.Random.Next(names.Length)] + run.Random.Next(-20, 20);
        return (between[Math.Clamp(near, 0, between.Length - 1)].End, true);
    }

    private sealed class Tally
    {
        public readonly LedgerTally Ledgers = new();
        public long RecordedBytes;
        public int AtNames;
    }
}
