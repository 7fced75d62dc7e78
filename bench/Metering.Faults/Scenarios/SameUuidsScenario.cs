namespace Metering.Faults;

/// <summary>Everybody sends the same records at the same time, to different nodes: each counts once.</summary>
internal sealed class SameUuidsScenario : Scenario
{
    private const int RecordsPerTime = 1_000;
    private const int Nodes = 3;
    private const int Clients = 64;
    private const int ControlRecords = 250;

    public override string Name => "pg-same-uuids";

    public override string Does =>
        "PostgreSQL: 64 clients over 3 nodes all write the same uuids at once, each in an order of its own; 1,000 uuids for each time counted here";

    public override string Checks => "each uuid was accepted exactly once and is in the table once; every other answer was DUPLICATE; totals equal records";

    public override int LongTimes => 100;

    public override int ShortTimes => 1;

    public override async Task RunAsync(ScenarioRun run)
    {
        await using (DatabaseUnderLoad load = await DatabaseUnderLoad.CreateAsync())
        {
            var source = new SameRecords(run.Times * RecordsPerTime, Clients, run.Random);
            await load.Nodes.StartAsync(load.Server.Connection, Nodes);
            await load.Send(run, source, Clients).FinishAsync();
            run.Require(load.Written.Confirmed == source.All.Count, $"{source.All.Count} uuids were written, and {load.Written.Confirmed} were confirmed.");
            await new TableTally().CloseAsync(run, load.Server, load.Nodes, load.Clients!, load.Written);
        }

        await RunControlAsync(run);
    }

    // Two truths instead of one: a node over tables of its own accepts what the others accepted.
    private static async Task RunControlAsync(ScenarioRun run)
    {
        await using DatabaseUnderLoad load = await DatabaseUnderLoad.CreateAsync();
        await load.Nodes.StartAsync(load.Server.Connection, 1);
        await load.Nodes.StartAsync(load.Server.Connection + ";Search Path=apart", 1);
        await load.Send(run, new SameRecords(ControlRecords, Clients, run.Random), Clients).FinishAsync();
        run.Require(load.Written.AcceptedTwice > 0, "Nodes over different tables accepted nothing twice: the check sees nothing.");
        run.Control = $"with one of two nodes over tables of its own, {load.Written.AcceptedTwice} of {ControlRecords} uuids were accepted twice: seen";
    }
}
