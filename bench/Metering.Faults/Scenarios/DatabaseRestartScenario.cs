namespace Metering.Faults;

/// <summary>The database crashes under load, again and again.</summary>
internal sealed class DatabaseRestartScenario : Scenario
{
    private const int Nodes = 3;
    private const int Clients = 24;
    private const int RecordsBetween = 2_000;
    private const int ControlRestartsMaximum = 10;

    public override string Name => "pg-restart";

    public override string Does => "PostgreSQL: `pg_ctl -m immediate restart` at a random moment while 24 clients write through 3 nodes";

    public override string Checks =>
        "what was confirmed is in the table, totals equal records; in the end every record was sent until it was confirmed, and is counted once";

    public override int LongTimes => 50;

    public override int ShortTimes => 3;

    public override async Task RunAsync(ScenarioRun run)
    {
        await using (DatabaseUnderLoad load = await DatabaseUnderLoad.CreateAsync())
        {
            var tally = new TableTally();
            await load.SendAsync(run, Nodes, Clients);
            for (int time = 1; time <= run.Times; time++)
            {
                TableCheck check = await RestartAsync(run, load);
                tally.Judge(run, check);
                run.Tell($"restart {time}: {check}");
            }

            await tally.CloseAsync(run, load.Server, load.Nodes, load.Clients!, load.Written);
            run.Require(load.Clients!.Refused > 0, "No client noticed a restart: nothing was broken.");
        }

        await RunControlAsync(run);
    }

    private static async Task<TableCheck> RestartAsync(ScenarioRun run, DatabaseUnderLoad load)
    {
        await load.Written.WaitForMoreAsync(run.Random.Next(1, RecordsBetween));
        await Task.Delay(run.Random.Next(0, 20));
        await load.Server.RestartAtOnceAsync();
        return await load.CheckAsync();
    }

    private static async Task RunControlAsync(ScenarioRun run)
    {
        await using DatabaseUnderLoad load = await DatabaseUnderLoad.CreateAsync(
            ["synchronous_commit=off", "wal_writer_delay=10s", "wal_writer_flush_after=1GB"], ["--allow-unsafe-commit"]);
        await load.SendAsync(run, 1, Clients);
        for (int restart = 1; restart <= ControlRestartsMaximum; restart++)
        {
            TableCheck check = await RestartAsync(run, load);
            run.Tell($"control, restart {restart}: {check}");
            if (check.Lost.Count == 0)
                continue;
            run.Control = $"with synchronous_commit=off, restart {restart} lost {check.Lost.Count:#,0} confirmed records: seen";
            return;
        }

        run.Fault($"With synchronous_commit=off nothing was lost in {ControlRestartsMaximum} restarts: they break nothing.");
    }
}
