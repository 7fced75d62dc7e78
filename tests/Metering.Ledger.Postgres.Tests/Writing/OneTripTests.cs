using Npgsql;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>
/// The contract, where every group that can be is sent in one round trip from a lane's second on. So each one that holds a duplicate is refused,
/// rolled back and sent again.
/// </summary>
public sealed class OneTripContract : SharedStoreContract
{
    protected override int Steps => 40;

    protected override async Task<StorePlace> MakePlaceAsync() => await SchemaPlace.MakeAsync(OneTripTests.AtOnce);
}

/// <summary>Groups that are taken for new.</summary>
public sealed class OneTripTests
{
    [Fact]
    public async Task One_record_counted_before_refuses_the_group_and_the_others_are_counted_once()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync(OneLane);
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 2);
        await nodes[0].WriteAsync(new RecordSpec(5, 50));
        await nodes[1].WriteAsync(new RecordSpec(7, 70));
        await WatchAsync(place);
        Assert.Equal(
            [Verdict.Accepted, Verdict.Duplicate, Verdict.Accepted],
            await nodes[1].VerdictsAsync(new RecordSpec(4, 40), new RecordSpec(5, 51), new RecordSpec(6, 60)));
        await AssertTriedAsync(place, takenForNew: 1, askedAbout: 1);
        Assert.Equal([4, 5, 6, 7], (await nodes[0].RecordsAsync()).Select(record => record.Quantity / 10).Order());
        await nodes[1].AssertSoundAsync();
    }

    [Fact]
    public async Task New_records_are_sent_once_and_nothing_is_asked_before_their_commit()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync(OneLane);
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 1);
        await nodes.First.WriteAsync(3);
        await WatchAsync(place);
        Assert.Equal([Verdict.Accepted, Verdict.Accepted], await nodes.First.VerdictsAsync(1, 2));
        await AssertTriedAsync(place, takenForNew: 1, askedAbout: 0);
    }

    [Fact]
    public async Task After_a_refusal_groups_are_asked_about_until_enough_in_a_row_had_no_duplicate()
    {
        const int Enough = 3;
        await using SchemaPlace place = await SchemaPlace.MakeAsync(options => options with { Lanes = 1, GroupsBeforeOneTrip = Enough });
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 1);
        for (int id = 1; id <= Enough; id++)
            await nodes.First.WriteAsync(id);
        await WatchAsync(place);
        await nodes.First.WriteAsync(1, 10); // taken for new
        await AssertTriedAsync(place, takenForNew: 1, askedAbout: 1);
        await nodes.First.WriteAsync(2, 11, 12); // asked about
        await AssertTriedAsync(place, takenForNew: 1, askedAbout: 2);
        for (int id = 21; id < 21 + Enough; id++)
            await nodes.First.WriteAsync(id);
        await AssertTriedAsync(place, takenForNew: 1, askedAbout: 2 + Enough);
        await nodes.First.WriteAsync(3, 13); // taken for new again
        await AssertTriedAsync(place, takenForNew: 2, askedAbout: 3 + Enough);
        await nodes.First.AssertSoundAsync();
    }

    [Fact]
    public async Task After_a_connection_was_lost_groups_are_asked_about_because_senders_repeat_them()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync(options =>
            options with { Lanes = 1, GroupsBeforeOneTrip = 1, Connection = options.Connection + ";Application Name=lost" });
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 1);
        await nodes.First.WriteAsync(1);
        await WatchAsync(place);
        await place.Server.ExecuteAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lost'");
        while (await nodes.First.WriteAsync(1) != LedgerAnswer.Committed)
            await Task.Delay(10, TestLedger.Stop);
        Assert.Equal([Verdict.Duplicate], await nodes.First.VerdictsAsync(1));
        await AssertTriedAsync(place, takenForNew: 0, askedAbout: 2);
    }

    [Fact]
    public async Task A_writer_that_somebody_ended_goes_on_as_another()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync(OneLane);
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 1);
        await nodes.First.WriteAsync(1);
        await place.Server.ExecuteAsync(
            $"INSERT INTO {place.Schema}.usage_group SELECT writer, 2, 0, accepted_unix_nanoseconds, '{{}}' FROM {place.Schema}.usage_group WHERE records = 1");
        Assert.Equal([Verdict.Accepted, Verdict.Accepted], await nodes.First.VerdictsAsync(2, 3));
        Assert.Equal(
            Enumerable.Range(1, 3).Select(id => new RecordSpec(id).Uuid), (await Feed.ReadAsync(nodes.First.Store.Records, 1)).Select(record => record.Uuid));
        await nodes.First.AssertSoundAsync();
    }

    [Fact]
    public async Task A_connection_lost_while_nothing_was_sent_leaves_no_answer_unknown()
    {
        var waits = new ManualTime();
        await using SchemaPlace place = await SchemaPlace.MakeAsync(options =>
            OneLane(options) with { Waits = waits, Connection = options.Connection + ";Application Name=silent" });
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 1);
        await nodes.First.WriteAsync(1);
        await place.Server.ExecuteAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'silent'");
        waits.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(LedgerAnswer.Committed, await nodes.First.WriteAsync(2));
    }

    [Fact]
    public async Task Nodes_that_count_the_same_records_at_once_accept_each_once()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync(AtOnce);
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape { GroupRequests = 2 }, 3);
        List<Verdict>[] verdicts = await Task.WhenAll(Enumerable.Range(0, 12).Select(client => Task.Run(async () =>
        {
            var all = new List<Verdict>();
            for (int request = 0; request < 30; request++)
                all.AddRange(await nodes[client % 3].VerdictsAsync([.. Enumerable.Range(1 + (request * 10), 10).Select(id => (RecordSpec)id)]));
            return all;
        }, TestLedger.Stop)));
        Assert.Equal(300, verdicts.Sum(all => all.Count(verdict => verdict == Verdict.Accepted)));
        Assert.Equal(11 * 300, verdicts.Sum(all => all.Count(verdict => verdict == Verdict.Duplicate)));
        await nodes.First.AssertSoundAsync();
    }

    internal static PostgresStoreOptions AtOnce(PostgresStoreOptions options) => options with { GroupsBeforeOneTrip = 0 };

    private static PostgresStoreOptions OneLane(PostgresStoreOptions options) => AtOnce(options) with { Lanes = 1 };

    // How many groups were taken for new, and how many asked about: counted by sequences, which no rollback takes back.
    private static Task WatchAsync(SchemaPlace place) => place.Server.ExecuteAsync($"""
        CREATE SEQUENCE {place.Schema}.taken_for_new;
        CREATE SEQUENCE {place.Schema}.asked_about;
        CREATE FUNCTION {place.Schema}.watch() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          PERFORM nextval(CASE WHEN current_query() LIKE '%ON CONFLICT%' THEN '{place.Schema}.asked_about' ELSE '{place.Schema}.taken_for_new' END);
          RETURN NULL;
        END $$;
        CREATE TRIGGER watch BEFORE INSERT ON {place.Schema}.usage_record FOR EACH STATEMENT EXECUTE FUNCTION {place.Schema}.watch();
        """);

    private static async Task AssertTriedAsync(SchemaPlace place, long takenForNew, long askedAbout)
    {
        Assert.Equal((takenForNew, askedAbout), (await CountAsync("taken_for_new"), await CountAsync("asked_about")));
        Task<long> CountAsync(string sequence) =>
            place.Server.QueryAsync<long>($"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {place.Schema}.{sequence}");
    }
}
