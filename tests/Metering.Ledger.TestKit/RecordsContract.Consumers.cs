namespace Metering.Ledger.TestKit;

/// <content>Places in the feed under names.</content>
public abstract partial class RecordsContract
{
    private const string Scope = "publisher:a";

    [Fact]
    public async Task A_place_is_kept_under_its_name_until_it_is_deleted_over_a_restart_too()
    {
        await using Nodes nodes = await OpenAsync();
        await nodes.First.WriteAsync(1, 2);
        LedgerCursor end = await nodes.First.Store.Records.EndAsync(Stop);
        IFeedConsumers Consumers() => nodes.First.Store.Consumers;
        Assert.Null(await Consumers().FindAsync(Scope, "billing", Stop));
        Assert.Equal(new ConsumerAnswer(ConsumerOutcome.Saved, end), await Consumers().SaveAsync(Scope, new("billing", end, 5), null, Stop));
        await Consumers().SaveAsync(Scope, new("Audit", LedgerCursor.Start, 6), null, Stop);
        await Consumers().SaveAsync("customer:a", new("billing", LedgerCursor.Start, 7), null, Stop);
        await nodes.RestartAsync();
        Assert.Equal(new ConsumerPlace("billing", end, 5), await Consumers().FindAsync(Scope, "billing", Stop));
        Assert.Equal(LedgerCursor.Start, (await Consumers().FindAsync(Scope, "Audit", Stop))!.Cursor);
        Assert.Equal(["Audit", "billing"], (await Consumers().ListAsync(Scope, Stop)).Select(place => place.Name));
        Assert.Equal(7, Assert.Single(await Consumers().ListAsync("customer:a", Stop)).SavedUnixNanoseconds);
        Assert.True(await Consumers().DeleteAsync(Scope, "billing", Stop));
        Assert.False(await Consumers().DeleteAsync(Scope, "billing", Stop));
        Assert.Null(await Consumers().FindAsync(Scope, "billing", Stop));
        Assert.NotNull(await Consumers().FindAsync("customer:a", "billing", Stop));
    }

    [Fact]
    public async Task Of_consumers_that_expect_the_same_place_one_goes_on()
    {
        await using Nodes nodes = await OpenAsync(Nodes);
        List<LedgerCursor> places = [LedgerCursor.Start];
        for (int id = 1; id <= 20; id++)
        {
            await nodes.First.WriteAsync(id);
            places.Add(await nodes.First.Store.Records.EndAsync(Stop));
        }

        for (int step = 1; step < places.Count; step++)
        {
            ConsumerAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(rival => Task.Run(
                () => nodes[rival % nodes.Count].Store.Consumers.SaveAsync(Scope, new("billing", places[step], rival), places[step - 1], Stop))));
            Assert.Single(answers, answer => answer.Outcome == ConsumerOutcome.Saved);
            Assert.Equal(3, answers.Count(answer => answer == new ConsumerAnswer(ConsumerOutcome.Conflict, places[step])));
        }

        // Who expects nothing is not stopped.
        Assert.Equal(ConsumerOutcome.Saved, (await nodes.First.Store.Consumers.SaveAsync(Scope, new("billing", places[1], 0), null, Stop)).Outcome);
        Assert.Equal(ConsumerOutcome.Conflict, (await nodes.First.Store.Consumers.SaveAsync(Scope, new("new", places[1], 0), places[2], Stop)).Outcome);
        Assert.Null(await nodes.First.Store.Consumers.FindAsync(Scope, "new", Stop));
    }

    [Fact]
    public async Task A_scope_keeps_no_more_names_than_allowed_and_those_that_it_has_go_on()
    {
        await using Nodes nodes = await OpenAsync();
        IFeedConsumers consumers = nodes.First.Store.Consumers;
        for (int number = 0; number < Limits.FeedConsumers; number++)
            Assert.Equal(ConsumerOutcome.Saved, (await consumers.SaveAsync(Scope, new($"c{number}", LedgerCursor.Start, 0), null, Stop)).Outcome);
        Assert.Equal(ConsumerOutcome.TooMany, (await consumers.SaveAsync(Scope, new("one more", LedgerCursor.Start, 0), null, Stop)).Outcome);
        Assert.Equal(ConsumerOutcome.Saved, (await consumers.SaveAsync(Scope, new("c0", LedgerCursor.Start, 1), null, Stop)).Outcome);
        Assert.Equal(ConsumerOutcome.Saved, (await consumers.SaveAsync("customer:b", new("c0", LedgerCursor.Start, 1), null, Stop)).Outcome);
        Assert.Equal(Limits.FeedConsumers, (await consumers.ListAsync(Scope, Stop)).Count);
    }
}
