namespace Metering.Faults;

/// <summary>The network between nodes and database is cut when a COMMIT is on its way, there or back.</summary>
internal sealed class CommitCutScenario : Scenario
{
    private const int Nodes = 2;
    private const int Clients = 24;
    private const int RecordsBetween = 1_000;
    private const int CommitsBetween = 6;
    private const int LongestDownMilliseconds = 300;

    private static readonly int Kinds = Enum.GetValues<NetworkCut>().Length;

    public override string Name => "pg-cut";

    public override string Does =>
        "PostgreSQL: a proxy between 2 nodes and their database drops a COMMIT, or its answer, or tears both ways meanwhile, or drops in silence; and all "
        + "other connections with it; 24 clients write";

    public override string Checks =>
        "who does not know hears UNAVAILABLE and nothing else; sent again, each record is accepted or DUPLICATE; what was confirmed is in the table, "
        + "totals equal records";

    public override int LongTimes => 50;

    public override int ShortTimes => 3;

    public override async Task RunAsync(ScenarioRun run)
    {
        await using DatabaseUnderLoad load = await DatabaseUnderLoad.CreateAsync();
        await using var proxy = new CommitProxy(load.Server.SocketPath);
        var tally = new TableTally();
        await load.SendAsync(run, Nodes, Clients, proxy.Connection);
        for (int time = 0; time < run.Times; time++)
        {
            var kind = (NetworkCut)(time % Kinds);
            await load.Written.WaitForMoreAsync(run.Random.Next(1, RecordsBetween));
            await proxy.CutAsync(
                kind, run.Random.Next(CommitsBetween), TimeSpan.FromMilliseconds(run.Random.Next(LongestDownMilliseconds)));
            await load.Clients!.HearAllAsync();
            proxy.EndSilence();
            TableCheck check = await load.CheckAsync();
            tally.Judge(run, check);
            run.Tell($"cut {time + 1}, {kind}: {check}; {load.Clients.Refused} refused so far");
        }

        await tally.CloseAsync(run, load.Server, load.Nodes, load.Clients!, load.Written);
        run.Require(load.Clients!.Unanswered == 0, $"{load.Clients.Unanswered} requests had no answer, although no node went away.");
        run.Require(load.Written.CountedUnheard > 0, "Not one cut left a commit that nobody heard of.");
        run.Require(load.Written.AcceptedOnRetry > 0, "Not one cut took a commit away.");
        run.Count("records counted although their senders heard UNAVAILABLE, then DUPLICATE", load.Written.CountedUnheard);
        run.Count("not counted, then accepted", load.Written.AcceptedOnRetry);
        run.Control = await TableControl.RunAsync(run, load.Server, load.Written);
    }
}
