using Npgsql;

namespace Metering.Faults;

/// <summary>Two nodes write uuids that overlap all the time: nobody ever waits in a circle.</summary>
internal sealed class OverlapScenario : Scenario
{
    private const int Nodes = 2;
    private const int Clients = 32;

    public override string Name => "pg-overlap";

    public override string Does =>
        "PostgreSQL: 32 clients write through 2 nodes for a second each time, records drawn from 400 that all share and that are replaced slowly";

    public override string Checks =>
        "no deadlock is answered, counted by the database or in its log; each uuid is accepted once, all others are DUPLICATE; in the end totals equal records";

    public override int LongTimes => 600;

    public override int ShortTimes => 3;

    public override async Task RunAsync(ScenarioRun run)
    {
        await using DatabaseUnderLoad load = await DatabaseUnderLoad.CreateAsync(["deadlock_timeout=10ms"]);
        await load.Nodes.StartAsync(load.Server.Connection, Nodes);
        WireClients clients = load.Send(run, new OverlappingRecords(run.Seed), Clients);
        for (int time = 1; time <= run.Times; time++)
        {
            await Task.Delay(TimeSpan.FromSeconds(1));
            if (time % 10 == 0)
                run.Tell($"{time} s: {clients.Answered:#,0} requests answered, {load.Written.Confirmed:#,0} records");
        }

        // Sessions that have ended have told all that they counted.
        await new TableTally().CloseAsync(run, load.Server, load.Nodes, clients, load.Written);
        (long deadlocks, int lines) = await CountDeadlocksAsync(load.Server);
        run.Require(deadlocks == 0 && lines == 0, $"{deadlocks} deadlocks were counted, {lines} are in the log.");
        run.Count("deadlocks", deadlocks);
        await RunControlAsync(run, load.Server);
    }

    private static async Task<(long Counted, int Lines)> CountDeadlocksAsync(DatabaseServer server) => (
        await server.QueryAsync<long>("SELECT sum(deadlocks)::bigint FROM pg_stat_database"), server.LogLinesWith("deadlock detected").Count);

    private static async Task RunControlAsync(ScenarioRun run, DatabaseServer server)
    {
        await server.ExecuteAsync("CREATE TABLE crossed(uuid integer PRIMARY KEY)");
        await using (NpgsqlConnection first = await server.OpenAsync(), second = await server.OpenAsync())
        {
            await RunAsync(first, "BEGIN; INSERT INTO crossed VALUES(1)");
            await RunAsync(second, "BEGIN; INSERT INTO crossed VALUES(2)");
            Task[] crossed = [RunAsync(first, "INSERT INTO crossed VALUES(2)"), RunAsync(second, "INSERT INTO crossed VALUES(1)")];
            await Task.WhenAll(crossed).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // one of them is refused
        }

        await Waiting.UntilAsync("a deadlock to be counted", async () => await CountDeadlocksAsync(server) is { Counted: > 0, Lines: > 0 });
        run.Control = "two sessions that insert two rows in opposite orders: counted and logged as a deadlock";
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
