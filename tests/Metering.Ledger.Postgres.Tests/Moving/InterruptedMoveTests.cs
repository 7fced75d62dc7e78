using Metering.Server;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>A move that was ended goes on; until its end nobody serves what is there.</summary>
public sealed class InterruptedMoveTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_move_that_dies_at_every_step_in_turn_ends_with_the_same_ledger(bool diesAfter)
    {
        await using SourceLedger source = await SourceLedger.MakeAsync(11);
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        int deaths = 0;
        MoveReport? report = null;
        for (int steps = 0; report is null; steps = (steps + 1) % 30)
        {
            try
            {
                report = await Moves.RunAsync(source, place, target => new MortalTarget(target, steps, diesAfter));
            }
            catch (DeathException)
            {
                deaths++;
                bool isClaimed = await place.Server.QueryAsync<bool>($"SELECT EXISTS (SELECT 1 FROM {place.Schema}.ledger_move)");
                bool isComplete = isClaimed && await place.Server.QueryAsync<bool>($"SELECT complete FROM {place.Schema}.ledger_move");
                if (isClaimed && !isComplete)
                    Assert.Contains("cannot be served yet", await Moves.RefusalAsync(place, source.Time));
            }
        }

        Assert.True(deaths > 5);
        Assert.Empty(report.Differences);
        (await source.ReadAsync()).AssertSame(await ReadAsync(place, source));
    }

    [Fact]
    public async Task What_the_source_counts_between_two_runs_comes_along()
    {
        await using SourceLedger source = await SourceLedger.MakeAsync(12);
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        await Assert.ThrowsAsync<DeathException>(() => Moves.RunAsync(source, place, target => new MortalTarget(target, 3, diesAfter: true)));
        await source.ServeAsync(20);
        await Assert.ThrowsAsync<DeathException>(() => Moves.RunAsync(
            source, place, target => new MortalTarget(target, int.MaxValue, diesAfter: true) { Furnished = () => throw new DeathException() }));
        await source.ServeAsync(20, store => store.Catalog.ApplyAsync(2, [new(new Publisher("between", "Between"), false)], TestLedger.Stop));

        Assert.Empty((await Moves.RunAsync(source, place)).Differences);
        (await source.ReadAsync()).AssertSame(await ReadAsync(place, source));
    }

    [Fact]
    public async Task A_database_that_stops_in_the_middle_breaks_the_move_off_in_words_and_it_goes_on_when_it_is_back()
    {
        await using SourceLedger source = await SourceLedger.MakeAsync(13);
        await using PostgresServer server = await PostgresServer.StartAsync();
        await using SchemaPlace place = SchemaPlace.Make(server);
        var fault = await Assert.ThrowsAsync<MoveBrokenException>(
            () => Moves.RunAsync(source, place, target => new MortalTarget(target, int.MaxValue, diesAfter: true) { Furnished = server.StopAtOnceAsync }));
        Assert.Contains("the same command goes on from there", fault.Message);
        await server.StartAgainAsync();
        MoveReport report = await Moves.RunAsync(source, place);
        Assert.Empty(report.Differences);
        Assert.Equal(0, report.Moved);
        (await source.ReadAsync()).AssertSame(await ReadAsync(place, source));
    }

    [Fact]
    public async Task A_move_that_is_complete_is_left_alone_and_a_source_that_went_on_is_refused()
    {
        await using SourceLedger source = await SourceLedger.MakeAsync(14);
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        await Moves.RunAsync(source, place);
        await using (StoreUnderTest moved = await StoreUnderTest.OpenAsync(place, new StoreShape(), source.Time))
            await moved.WriteAsync(new RecordSpec(1_000_000));
        MoveReport again = await Moves.RunAsync(source, place);
        Assert.True(again.WasComplete);
        Assert.Equal(0, again.Moved);

        await source.ServeAsync(20);
        string message = (await Assert.ThrowsAsync<StartException>(() => Moves.RunAsync(source, place))).Message;
        Assert.Contains("was moved to", message);
        Assert.Contains("records since", message);
    }

    [Fact]
    public async Task Two_moves_at_once_do_not_count_anything_twice()
    {
        await using SourceLedger source = await SourceLedger.MakeAsync(15);
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        await using PostgresLedgerTarget first = await PostgresLedgerTarget.OpenAsync(place.Options(new StoreShape()), TestLedger.Stop);
        await using PostgresLedgerTarget second = await PostgresLedgerTarget.OpenAsync(place.Options(new StoreShape()), TestLedger.Stop);
        Guid ledger = Guid.NewGuid();
        MoveMark mark = await first.BeginAsync(ledger, TestLedger.Stop);
        Assert.Equal(mark, await second.BeginAsync(ledger, TestLedger.Stop));
        CountedRecord record = new(new RecordSpec(1).Uuid, 1, 1, 1, 1, 1, 1, Guid.Empty);
        var reached = new MoveMark(1, 1, IsComplete: false);
        await first.AddAsync(mark, reached, [record], TestLedger.Stop);
        foreach (Func<Task> late in new Func<Task>[]
        {
            () => second.AddAsync(mark, reached, [record with { Uuid = 2 }], TestLedger.Stop),
            () => second.CompleteAsync(mark, TestLedger.Stop),
        })
            Assert.Contains("at the same time", (await Assert.ThrowsAsync<StoreException>(late)).Message);

        // A record that is there already is no new one, whoever brings it.
        Assert.Contains(
            "already", (await Assert.ThrowsAsync<StoreException>(() => first.AddAsync(reached, new MoveMark(2, 2, false), [record], TestLedger.Stop))).Message);
        Assert.Equal([record], await second.FindAsync([record.Uuid, 2], TestLedger.Stop));
        await first.CompleteAsync(reached, TestLedger.Stop);
        Assert.Contains("at the same time", (await Assert.ThrowsAsync<StoreException>(() => second.AddAsync(reached, reached, [], TestLedger.Stop))).Message);
    }

    private static async Task<LedgerPicture> ReadAsync(SchemaPlace place, SourceLedger source)
    {
        await using StoreUnderTest moved = await StoreUnderTest.OpenAsync(place, new StoreShape(), source.Time);
        return await LedgerPicture.TakeAsync(moved);
    }
}
