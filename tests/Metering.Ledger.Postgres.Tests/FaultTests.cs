namespace Metering.Ledger.Postgres.Tests;

/// <summary>What the database refuses, by means of triggers that refuse as it would.</summary>
public sealed class FaultTests
{
    [Fact]
    public async Task A_serialization_failure_is_tried_again_until_it_succeeds()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync(options => options with { Lanes = 1 });
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 1);
        await RefuseAsync(place, "40001", "nextval('{0}.tried') <= 3");
        Assert.Equal([Verdict.Accepted], await nodes.First.VerdictsAsync(1));
        Assert.Equal(4L, await place.Server.QueryAsync<long>($"SELECT last_value FROM {place.Schema}.tried"));
        await nodes.First.AssertSoundAsync();
    }

    [Fact]
    public async Task A_group_that_fails_for_ever_is_given_up_and_nothing_of_it_is_counted()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync(options => options with { Lanes = 1, Retries = 2, RetryTime = TimeSpan.FromMilliseconds(1) });
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 1);
        await RefuseAsync(place, "40P01", "true");
        Assert.Equal(LedgerAnswer.Unreachable, await nodes.First.WriteAsync(1));
        Assert.Empty(await nodes.First.RecordsAsync());
    }

    [Fact]
    public async Task A_database_without_space_refuses_clearly_and_writing_goes_on_when_there_is_some()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync(options => options with { Lanes = 1 });
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 1);
        StoreUnderTest store = nodes.First;
        var notices = new List<string>();
        store.Store.Noticed += (_, notice) => notices.Add(notice.Sentence);
        await store.WriteAsync(1);
        await RefuseAsync(place, "53100", "true");
        Assert.Equal(LedgerAnswer.StorageFull, await store.WriteAsync(2));
        Assert.Equal(LedgerAnswer.StorageFull, await store.WriteAsync(2));
        await place.Server.ExecuteAsync($"DROP TRIGGER refuse ON {place.Schema}.usage_record");
        Assert.Equal([Verdict.Duplicate, Verdict.Accepted], await store.VerdictsAsync(1, 2)); // what was refused used up no uuid
        Assert.Collection(notices, full => Assert.Contains("no space left", full), free => Assert.Contains("space again", free));
        await store.AssertSoundAsync();
    }

    [Fact]
    public async Task A_lock_that_somebody_holds_is_given_up_before_the_commit()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync(options => options with { LockTime = TimeSpan.FromMilliseconds(200) });
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 1);
        await using var source = Npgsql.NpgsqlDataSource.Create(place.Server.Connection());
        await using (Npgsql.NpgsqlConnection other = await source.OpenConnectionAsync(TestLedger.Stop))
        await using (Npgsql.NpgsqlTransaction transaction = await other.BeginTransactionAsync(TestLedger.Stop))
        {
            await using var hold = new Npgsql.NpgsqlCommand($"LOCK TABLE {place.Schema}.usage_total", other);
            await hold.ExecuteNonQueryAsync(TestLedger.Stop);
            Assert.Equal(LedgerAnswer.Unreachable, await nodes.First.WriteAsync(1));
        }

        Assert.Equal([Verdict.Accepted], await nodes.First.VerdictsAsync(1));
    }

    [Fact]
    public async Task Overlapping_groups_of_several_nodes_never_deadlock()
    {
        await using PostgresServer server = await PostgresServer.StartAsync("deadlock_timeout=10ms");
        await using SchemaPlace place = SchemaPlace.Make(server);
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape { GroupRequests = 3 }, 3);
        await Task.WhenAll(Enumerable.Range(0, 24).Select(client => Task.Run(async () =>
        {
            var random = new Random(client);
            for (int request = 0; request < 40; request++)
            {
                await nodes[client % 3].VerdictsAsync(nodes.First.Request(
                    [.. Enumerable.Range(0, 25).Select(_ => new RecordSpec(random.Next(1, 600), Sku: random.Next(1, 9)))], owner: random.Next(1, 9)));
            }
        }, TestLedger.Stop)));
        Assert.Equal(0L, await server.QueryAsync<long>("SELECT deadlocks FROM pg_stat_database WHERE datname = 'postgres'"));
        await nodes.First.AssertSoundAsync();
    }

    [Fact]
    public async Task A_total_that_somebody_edited_is_found()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 1);
        await nodes.First.WriteAsync(new RecordSpec(1, 5), new RecordSpec(2, 6, AgeSeconds: 3600));
        await nodes.First.AssertSoundAsync();
        foreach (string edit in new[]
        {
            "UPDATE usage_total SET quantity = quantity + 1 WHERE quantity = 5", "UPDATE usage_total SET records = records + 1 WHERE quantity = 6",
            "DELETE FROM usage_record WHERE quantity = 6", "INSERT INTO usage_total VALUES(1, 2, 3, 4, 5, 6)",
        })
        {
            int before = (await nodes.First.Ledger.VerifyAsync(TestLedger.Stop)).Differences.Count;
            await place.Server.ExecuteAsync($"SET search_path = {place.Schema}; {edit}");
            LedgerVerification found = await nodes.First.Ledger.VerifyAsync(TestLedger.Stop);
            Assert.True(found.Differences.Count > before || edit.StartsWith("DELETE"), edit);
            Assert.Contains(found.Differences, difference => difference.Contains("but the records give"));
        }
    }

    [Theory]
    [InlineData("DELETE FROM usage_record WHERE quantity = 6", "which is not there")]
    [InlineData("UPDATE usage_group SET uuids = uuids[1:1] WHERE number = 2 AND records > 0", "is in the feed 0 times")]
    [InlineData("UPDATE usage_group SET uuids = uuids || uuids WHERE number = 2 AND records > 0", "is in the feed 2 times")]
    [InlineData("UPDATE usage_group SET number = 9 WHERE number = 2 AND records > 0", "comes after group 1")]
    [InlineData("UPDATE usage_group SET accepted_unix_nanoseconds = 0 WHERE number = 2 AND records > 0", "before those of the group before it")]
    [InlineData("INSERT INTO usage_group SELECT writer, 2, 0, accepted_unix_nanoseconds, '{}' FROM usage_group WHERE number = 1 AND records > 0", "comes after the writer's end")]
    public async Task A_feed_that_somebody_edited_is_found(string edit, string said)
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync(options => options with { Lanes = 1 });
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 1);
        await nodes.First.WriteAsync(new RecordSpec(1, 5));
        await nodes.First.WriteAsync(new RecordSpec(2, 6), new RecordSpec(3));
        await nodes.First.WriteAsync(new RecordSpec(4));
        await nodes.First.AssertSoundAsync();
        string shift = edit.StartsWith("INSERT") ? "UPDATE usage_group SET number = number + 10 WHERE number > 1; UPDATE usage_group SET number = number - 9 WHERE number > 10; " : "";
        await place.Server.ExecuteAsync($"SET search_path = {place.Schema}; {shift}{edit}");
        Assert.Contains((await nodes.First.Ledger.VerifyAsync(TestLedger.Stop)).Differences, difference => difference.Contains(said));
    }

    [Fact]
    public async Task Where_the_database_notifies_nobody_changes_are_found_by_looking()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync(options => options with { IsListening = false });
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 2);
        var told = new TaskCompletionSource<StoreChanges>(TaskCreationOptions.RunContinuationsAsynchronously);
        nodes[1].Store.Changed += (_, change) => told.TrySetResult(change.Changes);
        await nodes[0].Store.Catalog.ApplyAsync(0, [new(new Publisher("a", "A"), false)], TestLedger.Stop);
        Assert.Equal(StoreChanges.Catalog, await told.Task.WaitAsync(TestLedger.Stop));
    }

    private static async Task RefuseAsync(SchemaPlace place, string sqlState, string condition)
    {
        string when = string.Format(condition, place.Schema);
        await place.Server.ExecuteAsync($"""
            CREATE SEQUENCE {place.Schema}.tried;
            CREATE FUNCTION {place.Schema}.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
              IF {when} THEN RAISE EXCEPTION 'refused by a test' USING ERRCODE = '{sqlState}'; END IF;
              RETURN NULL;
            END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON {place.Schema}.usage_record FOR EACH STATEMENT EXECUTE FUNCTION {place.Schema}.refuse();
            """);
    }
}
