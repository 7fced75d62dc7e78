namespace Metering.Ledger.Postgres.Tests;

/// <summary>Commits that wait for a synchronous standby which does not answer, on a server of their own.</summary>
public sealed class StandbyTests
{
    [Fact]
    public async Task A_commit_whose_wait_for_the_standby_was_cancelled_is_not_taken_for_durable()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await using SchemaPlace place = SchemaPlace.Make(server, options => options with { Lanes = 1 });
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 3);
        StoreUnderTest store = nodes.First;
        for (int node = 0; node < nodes.Count; node++)
            await nodes[node].WriteAsync(1, 10 + node); // so that each has a connection that may write
        LedgerCursor before = await nodes[2].Store.Records.EndAsync(TestLedger.Stop);
        await server.DemandStandbyAsync();

        Task<LedgerAnswer> answer = store.WriteAsync(2);
        await server.WaitForStandbyWaitAsync();
        await server.CancelStandbyWaitsAsync();
        Assert.Equal(LedgerAnswer.OutcomeUnknown, await answer);

        // The row is there for everybody to see, and yet may be lost: a bare look would call its retry a duplicate.
        Assert.Equal(5L, await server.QueryAsync<long>($"SELECT count(*) FROM {place.Schema}.usage_record"));
        foreach (bool isDryRun in new[] { false, true })
        {
            UsageWrite retry = store.Request([2], isDryRun);
            answer = nodes[isDryRun ? 1 : 2].Ledger.WriteAsync(retry).AsTask();
            await server.WaitForStandbyWaitAsync();
            Assert.False(answer.IsCompleted);
            await server.CancelStandbyWaitsAsync();
            Assert.Equal(LedgerAnswer.OutcomeUnknown, await answer);
        }

        // Nor does the feed tell of it, or a look-up.
        foreach (Func<IRecordReader, Task> read in new Func<IRecordReader, Task>[]
        {
            records => records.ReadAsync(before, 10, TestLedger.Stop), records => records.FindAsync([new RecordSpec(2).Uuid], TestLedger.Stop),
        })
        {
            Task reading = read(nodes[2].Store.Records);
            await server.WaitForStandbyWaitAsync();
            Assert.False(reading.IsCompleted);
            await server.CancelStandbyWaitsAsync();
            Assert.Contains("No standby confirms", (await Assert.ThrowsAsync<StoreException>(() => reading)).Message);
        }

        UsageWrite last = store.Request([2, 3]);
        answer = store.Ledger.WriteAsync(last).AsTask();
        await server.WaitForStandbyWaitAsync();
        await server.DemandNoStandbyAsync();
        Assert.Equal(LedgerAnswer.Committed, await answer);
        Assert.Equal([Verdict.Duplicate, Verdict.Accepted], TestLedger.VerdictsOf(last));
        Assert.Equal(
            [new RecordSpec(2).Uuid, new RecordSpec(3).Uuid],
            (await Feed.ReadAsync(nodes[2].Store.Records, 1, before)).Select(record => record.Uuid).Order());
        await store.AssertSoundAsync();
    }

    [Fact]
    public async Task A_change_whose_wait_for_the_standby_was_cancelled_is_not_confirmed()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await using SchemaPlace place = SchemaPlace.Make(server);
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 1);
        ICatalogStore catalog = nodes.First.Store.Catalog;
        await server.DemandStandbyAsync();
        Task<StoredCatalog> change = catalog.ApplyAsync(0, [new(new Publisher("a", "A"), false)], TestLedger.Stop);
        await server.WaitForStandbyWaitAsync();
        await server.CancelStandbyWaitsAsync();
        Assert.Contains("may or may not be kept", (await Assert.ThrowsAsync<StoreException>(() => change)).Message);
    }

    [Fact]
    public async Task A_commit_that_is_never_answered_is_given_up_without_being_cancelled_and_the_node_goes_on()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await using SchemaPlace place = SchemaPlace.Make(server, options => options with
        {
            Lanes = 1, AnswerTime = TimeSpan.FromSeconds(1), LockTime = TimeSpan.FromMilliseconds(500), IdleTransactionTime = TimeSpan.FromSeconds(1),
        });
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 1);
        StoreUnderTest store = nodes.First;
        await store.WriteAsync(1);
        await server.DemandStandbyAsync();
        Assert.Equal(LedgerAnswer.OutcomeUnknown, await store.WriteAsync(2));

        // It waits still: nobody cancelled it. A retry cannot get past it.
        await server.WaitForStandbyWaitAsync();
        Assert.Equal(LedgerAnswer.Unreachable, await store.WriteAsync(2));
        Assert.False(store.Ledger.Failure.IsCompleted);
        await server.DemandNoStandbyAsync();
        LedgerAnswer answer;
        UsageWrite retry;
        do
        {
            retry = store.Request([2]);
            answer = await store.Ledger.WriteAsync(retry);
        }
        while (answer != LedgerAnswer.Committed);
        Assert.Equal([Verdict.Duplicate], TestLedger.VerdictsOf(retry));
        await store.AssertSoundAsync();
    }
}
