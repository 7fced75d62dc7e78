using Npgsql;

namespace Metering.Ledger.Postgres.Tests;

public sealed class OpeningTests
{
    private const string Password = "correct-horse-battery";

    [Theory]
    [InlineData("off")]
    [InlineData("local")]
    [InlineData("remote_write")]
    public async Task A_database_that_can_lose_what_it_confirmed_is_refused_unless_somebody_says_so(string synchronousCommit)
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        var options = new PostgresStoreOptions($"{place.Server.Connection()};Search Path={place.Schema};Options=-c synchronous_commit={synchronousCommit}");
        string message = (await Assert.ThrowsAsync<StoreException>(() => PostgresStore.OpenAsync(options, TestLedger.Stop))).Message;
        Assert.Contains($"synchronous_commit = {synchronousCommit}", message);
        Assert.Contains("--allow-unsafe-commit", message);
        await using PostgresStore store = await PostgresStore.OpenAsync(options with { IsUnsafeCommitAllowed = true }, TestLedger.Stop);
        string? noticed = null;
        store.Noticed += (_, notice) => noticed = notice.Sentence;
        Assert.Contains($"synchronous_commit = {synchronousCommit}", noticed);
    }

    [Theory]
    [InlineData("on")]
    [InlineData("remote_apply")]
    public async Task A_session_keeps_the_commit_that_it_began_with(string synchronousCommit)
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        await using ConnectionSource source = ConnectionSource.Create(
            new PostgresStoreOptions($"{place.Server.Connection()};Options=-c synchronous_commit={synchronousCommit}"));
        await using NpgsqlConnection connection = await source.OpenAsync(TestLedger.Stop);
        await using var ask = new NpgsqlCommand("SELECT name || '=' || setting || ' ' || source FROM pg_settings WHERE name IN ('synchronous_commit', 'statement_timeout') ORDER BY name", connection);
        var settings = new List<string>();
        await using NpgsqlDataReader row = await ask.ExecuteReaderAsync(TestLedger.Stop);
        while (await row.ReadAsync(TestLedger.Stop))
            settings.Add(row.GetString(0));
        Assert.Equal(["statement_timeout=0 session", $"synchronous_commit={synchronousCommit} session"], settings);
    }

    [Fact]
    public async Task What_stands_in_the_way_of_a_connection_is_said_in_a_sentence_without_the_password()
    {
        PostgresServer server = await PostgresServer.SharedAsync();
        await server.DemandPasswordAsync("locked", Password);
        (string Connection, string Said)[] cases =
        [
            ($"Host={server.Host};Database=postgres;Username=locked;Password=wrong{Password}", "refuses the password of user locked"),
            ($"Host={server.Host};Database=nowhere;Username=postgres;Password={Password}", "there is no such database"),
            ($"Host=127.0.0.1;Port=1;Username=postgres;Password={Password}", "127.0.0.1:1, database postgres cannot be reached: Connection refused"),
            ($"Host={server.Host};Port=9;Username=postgres;Password={Password}", "cannot be reached"),
            ($"Host=does-not-exist.invalid;Username=postgres;Password={Password}", "cannot be reached"),
            ($"Host=127.0.0.1,127.0.0.2;Port=1;Username=postgres;Password={Password}", "cannot be reached"),
            ($"Password={Password}", "names no Host"),
            ($"Host=a;Pasword={Password}", "'pasword' is unknown"),
            ($"Host=a;Port={Password}", "Port"),
            ($"Host=a;SSL Mode={Password}", "cannot be used"),
            ($"Host=a;Target Session Attributes=standby;Password={Password}", "primary or read-write"),
            ($"Host=a;Search Path=a,b;Password={Password}", "Search Path must be one schema"),
            ($"Host=a;Multiplexing=true;Password={Password}", "Multiplexing"),
            ($"//user:{Password}@host/database", "it is a URI"),
            (Password, "cannot be used"),
        ];
        foreach ((string connection, string said) in cases)
        {
            StoreException fault = await Assert.ThrowsAsync<StoreException>(() => PostgresStore.OpenAsync(new PostgresStoreOptions(connection), TestLedger.Stop));
            Assert.Contains(said, fault.Message, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(Password, fault.Message);
            Assert.DoesNotContain('\n', fault.Message);
        }
    }

    [Fact]
    public async Task Several_hosts_lead_to_the_primary()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        string nowhere = Path.Combine(Path.GetTempPath(), "metering-nowhere");
        var options = new PostgresStoreOptions($"Host={nowhere},{place.Server.Host};Username=postgres;Search Path={place.Schema};Target Session Attributes=primary");
        await using PostgresStore store = await PostgresStore.OpenAsync(options, TestLedger.Stop);
        Assert.Empty((await store.Ledger.VerifyAsync(TestLedger.Stop)).Differences);
    }

    [Fact]
    public async Task Tables_of_an_older_program_are_upgraded_while_its_nodes_are_up()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 1);
        await nodes.First.WriteAsync(1);
        int version = Migrations.All[^1].Version;
        Migration[] later = [.. Migrations.All, new(version + 1, version, "ALTER TABLE usage_record ADD COLUMN later integer")];
        PostgresStore[] upgraded = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => PostgresStore.OpenAsync(place.Options(new StoreShape()), later, TestLedger.Stop)));
        Assert.Contains(version, upgraded.Select(store => store.FoundSchemaVersion)); // the others may have come later
        foreach (PostgresStore store in upgraded)
            await store.DisposeAsync();

        Assert.Equal([Verdict.Duplicate, Verdict.Accepted], await nodes.First.VerdictsAsync(1, 2)); // the older node goes on
        await nodes.First.RestartAsync(); // and may come back
        Assert.Equal([Verdict.Duplicate], await nodes.First.VerdictsAsync(2));
    }

    [Fact]
    public async Task Tables_that_this_program_does_not_get_along_with_are_refused_and_the_program_they_need_is_named()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 1);
        await place.Server.ExecuteAsync($"INSERT INTO {place.Schema}.schema_step VALUES(99, 98, '7.8.9')");
        string message = (await Assert.ThrowsAsync<StoreException>(() => place.OpenAsync(new StoreShape(), nodes.Time))).Message;
        Assert.Contains("schema version 99", message);
        Assert.Contains("7.8.9", message);
    }

    [Fact]
    public async Task A_step_that_fails_leaves_the_tables_as_they_were()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 1);
        int version = Migrations.All[^1].Version;
        Migration[] broken = [.. Migrations.All, new(version + 1, version, "CREATE TABLE later(a integer); INSERT INTO nowhere VALUES(1);")];
        StoreException fault = await Assert.ThrowsAsync<StoreException>(() => PostgresStore.OpenAsync(place.Options(new StoreShape()), broken, TestLedger.Stop));
        Assert.Contains("cannot be made", fault.Message);
        Assert.Equal(0L, await place.Server.QueryAsync<long>($"SELECT count(*) FROM pg_tables WHERE schemaname = '{place.Schema}' AND tablename = 'later'"));
        await nodes.First.RestartAsync();
    }

    [Fact]
    public async Task Options_out_of_range_are_reported_together()
    {
        var options = new PostgresStoreOptions("Host=a")
        {
            QueueRequests = 0, GroupRequests = 5, Lanes = 0, OtherConnections = 0, ConnectTime = TimeSpan.Zero, LockTime = TimeSpan.FromHours(1), Retries = -1,
        };
        string message = (await Assert.ThrowsAsync<StoreException>(() => PostgresStore.OpenAsync(options, TestLedger.Stop))).Message;
        foreach (string fault in new[] { "queue", "group must hold", "in flight", "connections", "times", "lock", "tried again" })
            Assert.Contains(fault, message);
    }
}
