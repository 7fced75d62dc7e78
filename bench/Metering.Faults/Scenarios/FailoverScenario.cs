namespace Metering.Faults;

/// <summary>
/// The primary stands still, its standby takes its place, and then it is killed. Every other time nothing reached the standby
/// for a while before, and impatient hands cancelled the commits that waited for it: their records are on the primary for
/// everybody to see, and will be gone. Nobody may have been told that these are counted, nor that they are duplicates.
/// </summary>
internal sealed class FailoverScenario : Scenario
{
    private const int Nodes = 2;
    private const int Clients = 16;
    private const int RecordsBetween = 2_000;
    private const int Cancellations = 6;
    private const int LongestFrozenMilliseconds = 500;
    private const int ControlFailoversMaximum = 3;

    public override string Name => "pg-failover";

    public override string Does =>
        "PostgreSQL: 16 clients write through 2 nodes; the primary is frozen (SIGSTOP), its synchronous standby promoted, the primary killed; every other "
        + "time its log stopped reaching the standby before, and commits that waited for it were cancelled (pg_cancel_backend)";

    public override string Checks =>
        "what was answered as accepted or as DUPLICATE is on the new primary, totals equal records; the next standby is made from it, and the clients go on";

    public override int LongTimes => 20;

    public override int ShortTimes => 2;

    public override async Task RunAsync(ScenarioRun run)
    {
        await using (DatabaseUnderLoad load = await StartAsync(run))
        {
            var tally = new TableTally();
            long gone = 0, cancelled = 0;
            for (int time = 1; time <= run.Times; time++)
            {
                DatabaseServer standby = await load.Server.CreateStandbyAsync(load.PlaceOf(NameOfStandby(time)), isSynchronous: true);
                await load.Written.WaitForMoreAsync(run.Random.Next(1, RecordsBetween));
                if (time % 2 == 0)
                    cancelled += await CancelCommitsAsync(load.Server);
                long visible = await load.Server.QueryAsync<long>("SELECT count(*) FROM metering.usage_record");
                await ReplaceAsync(run, load, standby);
                TableCheck check = await load.CheckAsync();
                tally.Judge(run, check);
                gone += Math.Max(0, visible - check.Records);
                run.Tell($"failover {time}: {check}; {cancelled} commits cancelled, {gone} records were seen on a primary and are gone");
            }

            run.Require(run.Times < 2 || gone > 0, "Nothing that was to be seen on a primary is gone: its log was not cut off.");
            await load.Server.WaitForNoStandbyAsync();
            await tally.CloseAsync(run, load.Server, load.Nodes, load.Clients!, load.Written);
            run.Count("commits whose wait was cancelled", cancelled);
            run.Count("of their records were seen on the old primary and are gone", gone);
        }

        await RunControlAsync(run);
    }

    private static async Task<DatabaseUnderLoad> StartAsync(ScenarioRun run)
    {
        DatabaseUnderLoad load = await DatabaseUnderLoad.CreateAsync();
        string hosts = $"{load.PlaceOf(NameOfStandby(0))},{load.PlaceOf(NameOfStandby(1))}";
        await load.SendAsync(
            run, Nodes, Clients, $"Host={hosts};Username={DatabaseServer.User};Database={DatabaseServer.User};Target Session Attributes=primary");
        return load;
    }

    // The two take turns.
    private static string NameOfStandby(int time) => time % 2 == 0 ? "a" : "b";

    private static async Task<long> CancelCommitsAsync(DatabaseServer primary)
    {
        await primary.FreezeReplicationAsync();
        long cancelled = 0;
        for (int turn = 0; turn < Cancellations; turn++)
        {
            long more = 0;
            await Waiting.UntilAsync("a commit that waits for the standby", async () => (more = await primary.CancelReplicationWaitsAsync()) > 0);
            cancelled += more;
        }

        return cancelled;
    }

    private static async Task ReplaceAsync(ScenarioRun run, DatabaseUnderLoad load, DatabaseServer standby)
    {
        DatabaseServer primary = load.Server;
        await primary.FreezeAsync();
        await standby.PromoteAsync();
        load.Server = standby;
        await Task.Delay(run.Random.Next(LongestFrozenMilliseconds));
        await primary.KillAsync();
    }

    // Nobody waits for the standby: what has not reached it is confirmed, and lost.
    private static async Task RunControlAsync(ScenarioRun run)
    {
        await using DatabaseUnderLoad load = await StartAsync(run);
        for (int time = 1; time <= ControlFailoversMaximum; time++)
        {
            DatabaseServer standby = await load.Server.CreateStandbyAsync(load.PlaceOf(NameOfStandby(time)), isSynchronous: false);
            await load.Written.WaitForMoreAsync(run.Random.Next(1, RecordsBetween));
            await load.Server.FreezeReplicationAsync();
            await load.Written.WaitForMoreAsync(run.Random.Next(1, RecordsBetween));
            await ReplaceAsync(run, load, standby);
            TableCheck check = await load.CheckAsync();
            run.Tell($"control, failover {time}: {check}");
            if (check.Lost.Count == 0)
                continue;
            run.Control = $"with asynchronous replication, failover {time} lost {check.Lost.Count:#,0} confirmed records: seen";
            return;
        }

        run.Fault($"With asynchronous replication nothing was lost in {ControlFailoversMaximum} failovers: they replace nothing.");
    }
}
