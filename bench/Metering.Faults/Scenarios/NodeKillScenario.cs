namespace Metering.Faults;

/// <summary>A node is killed under load, again and again, while the others go on.</summary>
internal sealed class NodeKillScenario : Scenario
{
    private const int Nodes = 3;
    private const int Clients = 24;
    private const int RecordsBetween = 2_000;

    public override string Name => "pg-node-kill";

    public override string Does => "PostgreSQL: kill -9 of one of 3 nodes at a random moment while 24 clients write through them, and another node in its place";

    public override string Checks => "the same as `pg-restart`; the other nodes go on";

    public override int LongTimes => 50;

    public override int ShortTimes => 2;

    public override async Task RunAsync(ScenarioRun run)
    {
        await using DatabaseUnderLoad load = await DatabaseUnderLoad.CreateAsync();
        var tally = new TableTally();
        await load.SendAsync(run, Nodes, Clients);
        for (int time = 1; time <= run.Times; time++)
        {
            await load.Written.WaitForMoreAsync(run.Random.Next(1, RecordsBetween));
            await Task.Delay(run.Random.Next(0, 20));
            await load.Nodes.KillAndReplaceAsync(run.Random.Next(Nodes));
            TableCheck check = await load.CheckAsync();
            tally.Judge(run, check);
            run.Tell($"kill {time}: {check}");
        }

        await tally.CloseAsync(run, load.Server, load.Nodes, load.Clients!, load.Written);
        run.Require(load.Clients!.Unanswered > 0, "No client noticed a kill: nothing was broken.");
        run.Control = await TableControl.RunAsync(run, load.Server, load.Written);
    }
}
