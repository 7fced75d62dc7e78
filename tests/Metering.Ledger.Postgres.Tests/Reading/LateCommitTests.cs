using Npgsql;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>
/// A commit that becomes visible long after those that were begun later: the lane has given it up, and its rows come all the
/// same. Whoever follows the feed has read on by then.
/// </summary>
public sealed class LateCommitTests
{
    private static readonly RecordSpec Late = 2;

    [Fact]
    public async Task A_record_whose_commit_comes_late_is_told_of_once_and_so_is_every_other()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync(options => options with
        {
            Lanes = 1, AnswerTime = TimeSpan.FromSeconds(1), LockTime = TimeSpan.FromSeconds(1), IdleTransactionTime = TimeSpan.FromSeconds(1),
        });
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 2);
        await using Gate gate = await Gate.CloseAsync(place);
        StoreUnderTest store = nodes.First;
        IRecordReader records = nodes[1].Store.Records;
        var seen = new List<CountedRecord>();
        LedgerCursor cursor = LedgerCursor.Start;
        await store.WriteAsync(1);
        Assert.Equal(LedgerAnswer.OutcomeUnknown, await store.WriteAsync(Late));
        for (int id = 3; id <= 6; id++)
        {
            // Another node: the late transaction holds the rows that the lane's own groups would add to.
            Assert.Equal([Verdict.Accepted], await nodes[1].VerdictsAsync(id));
            await FollowAsync();
        }

        Assert.Equal(5, seen.Count);
        LedgerCursor given = cursor, end = await records.EndAsync(TestLedger.Stop);
        await gate.OpenAsync();
        Assert.Equal([Verdict.Duplicate], await UntilCommittedAsync(store, Late));
        foreach (LedgerCursor before in new[] { given, end })
            Assert.Equal(Late.Uuid, Assert.Single(await Feed.ReadAsync(records, 10, before)).Uuid);
        await store.WriteAsync(7);
        await FollowAsync();
        Assert.Equal(await store.RecordsAsync(), seen.OrderBy(record => record.Uuid));
        await store.AssertSoundAsync();

        async Task FollowAsync()
        {
            RecordPage page;
            do
            {
                page = await records.ReadAsync(cursor, 1, TestLedger.Stop);
                seen.AddRange(page.Records);
                cursor = page.Next;
            }
            while (!page.IsEnd);
        }
    }

    // The control: why a lane gives its writer up with the commit whose outcome it does not know.
    [Fact]
    public async Task A_writer_that_went_on_after_an_unknown_outcome_would_hide_what_comes_late()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 1);
        await using ConnectionSource source = ConnectionSource.Create(place.Options(new StoreShape()));
        await using NpgsqlConnection first = await source.OpenAsync(TestLedger.Stop), second = await source.OpenAsync(TestLedger.Stop);
        await using Gate gate = await Gate.CloseAsync(place);
        Writer writer = await Writer.TakeAsync(first);
        Task late = CommitAsync(first, writer, nodes.First.Request([Late]));
        await gate.WaitForHeldAsync();
        writer.Advance(writer.Next(0)); // as if it were committed
        await CommitAsync(second, writer, nodes.First.Request([3]), node: 101);

        IRecordReader records = nodes.First.Store.Records;
        Assert.Contains("there no more", (await Assert.ThrowsAsync<StoreException>(() => records.ReadAsync(LedgerCursor.Start, 10, TestLedger.Stop))).Message);
        LedgerCursor end = await records.EndAsync(TestLedger.Stop);
        await gate.OpenAsync();
        await late;
        Assert.Empty(await Feed.ReadAsync(records, 10, end)); // behind a place that was given
        Assert.Equal(2, (await Feed.ReadAsync(records, 10)).Count);
    }

    [Fact]
    public async Task A_number_that_is_used_twice_is_refused()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 1);
        await using ConnectionSource source = ConnectionSource.Create(place.Options(new StoreShape()));
        await using NpgsqlConnection connection = await source.OpenAsync(TestLedger.Stop), other = await source.OpenAsync(TestLedger.Stop);
        Writer writer = await Writer.TakeAsync(connection);
        await CommitAsync(connection, writer, nodes.First.Request([1]));
        PostgresException fault = await Assert.ThrowsAsync<PostgresException>(() => CommitAsync(other, writer, nodes.First.Request([2])));
        Assert.Equal(PostgresErrorCodes.UniqueViolation, fault.SqlState);
        Assert.Equal(new RecordSpec(1).Uuid, Assert.Single(await nodes.First.RecordsAsync()).Uuid);
    }

    private static async Task CommitAsync(NpgsqlConnection connection, Writer writer, UsageWrite write, short node = 100)
    {
        var group = new Group();
        group.Stage([write]);
        var transaction = new GroupTransaction(connection, node);
        await transaction.AskAsync(group.Candidates, group.LookUps);
        group.Judge([write], transaction.Counted, transaction.Known);
        GroupPlace place = writer.Next(group.AcceptedUnixNanoseconds);
        await transaction.CommitAsync(group, place, areDuplicatesRewritten: false);
    }

    private static async Task<IReadOnlyList<Verdict>> UntilCommittedAsync(StoreUnderTest store, RecordSpec record)
    {
        while (true)
        {
            UsageWrite write = store.Request([record]);
            if (await store.Ledger.WriteAsync(write) == LedgerAnswer.Committed)
                return TestLedger.VerdictsOf(write);
        }
    }

    /// <summary>A commit of the late record lasts until the gate is opened: what is deferred runs within the COMMIT.</summary>
    private sealed class Gate(SchemaPlace place) : IAsyncDisposable
    {
        public static async Task<Gate> CloseAsync(SchemaPlace place)
        {
            await place.Server.ExecuteAsync($"""
                CREATE TABLE {place.Schema}.gate(is_open boolean);
                CREATE FUNCTION {place.Schema}.hold() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                  WHILE '{RecordUuid.ToGuid(Late.Uuid)}' = ANY(NEW.uuids) AND NOT EXISTS (SELECT FROM {place.Schema}.gate) LOOP PERFORM pg_sleep(0.01); END LOOP;
                  RETURN NULL;
                END $$;
                CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON {place.Schema}.usage_group DEFERRABLE INITIALLY DEFERRED
                  FOR EACH ROW EXECUTE FUNCTION {place.Schema}.hold();
                """);
            return new Gate(place);
        }

        public Task OpenAsync() => place.Server.ExecuteAsync($"INSERT INTO {place.Schema}.gate VALUES(true)");

        public async Task WaitForHeldAsync()
        {
            while (await place.Server.QueryAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query = 'COMMIT'") == 0)
                await Task.Delay(10, TestLedger.Stop);
        }

        // Whatever a test found out: nothing can be closed while a commit is held.
        public async ValueTask DisposeAsync() => await OpenAsync();
    }
}
