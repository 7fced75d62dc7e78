using Npgsql;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>Writers that end, and what cursors keep of them.</summary>
public sealed class WriterTests
{
    [Fact]
    public async Task A_writer_that_somebody_ended_goes_on_as_another_and_nothing_is_lost()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync(options => options with { Lanes = 1 });
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 1);
        await nodes.First.WriteAsync(1);
        await place.Server.ExecuteAsync(
            $"INSERT INTO {place.Schema}.usage_group SELECT writer, 2, 0, accepted_unix_nanoseconds, '{{}}' FROM {place.Schema}.usage_group WHERE records = 1");
        Assert.Equal([Verdict.Accepted, Verdict.Accepted], await nodes.First.VerdictsAsync(2, 3));
        Assert.Equal([Verdict.Duplicate, Verdict.Accepted], await nodes.First.VerdictsAsync(3, 4));
        List<CountedRecord> told = await Feed.ReadAsync(nodes.First.Store.Records, 1);
        Assert.Equal(Enumerable.Range(1, 4).Select(id => new RecordSpec(id).Uuid), told.Select(record => record.Uuid));
        await nodes.First.AssertSoundAsync();
    }

    [Fact]
    public async Task A_cursor_stays_small_however_often_nodes_are_restarted()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 2);
        var seen = new List<CountedRecord>();
        LedgerCursor cursor = LedgerCursor.Start;
        for (int id = 1; id <= 20; id++)
        {
            await nodes[id % 2].WriteAsync(id);
            RecordPage page = await nodes[0].Store.Records.ReadAsync(cursor, 10, TestLedger.Stop);
            seen.AddRange(page.Records);
            cursor = page.Next;
            Assert.InRange(cursor.Bytes.Length, 1, 30);
            await nodes[id % 2].RestartAsync();
        }

        Assert.InRange(await place.Server.QueryAsync<long>($"SELECT given FROM {place.Schema}.writer_number"), 20, 60); // each had a writer of its own
        Assert.Equal(await nodes.First.RecordsAsync(), seen.OrderBy(record => record.Uuid));
    }

    [Fact]
    public async Task The_writers_of_a_node_that_was_killed_are_ended_when_another_starts_and_the_living_are_not()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync(options => options with { Lanes = 1, Connection = options.Connection + ";Application Name=killed" });
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 2);
        await nodes[0].WriteAsync(1);
        await TerminateAsync(place); // its writer goes with its connection, and nobody ends it
        nodes.Time.Advance(QuietWriters.QuietTime * 2);
        while (await nodes[1].WriteAsync(2) != LedgerAnswer.Committed)
            await Task.Delay(10, TestLedger.Stop);
        Assert.Equal(0L, await EndedAsync(place));
        await using (IMeteringStore third = await place.OpenAsync(new StoreShape(), nodes.Time))
        {
            while (await EndedAsync(place) == 0)
                await Task.Delay(10, TestLedger.Stop);
            Assert.Equal(2, (await Feed.ReadAsync(third.Records, 10)).Count);
        }

        Assert.Equal(1L, await EndedAsync(place));
        Assert.Equal([Verdict.Duplicate, Verdict.Duplicate, Verdict.Accepted], await nodes[0].VerdictsAsync(1, 2, 3));
        await nodes.First.AssertSoundAsync();
    }

    [Fact]
    public async Task A_place_of_a_history_that_a_restore_took_back_is_unknown()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync(options => options with { Lanes = 1 });
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 1);
        await nodes.First.WriteAsync(1);
        LedgerCursor kept = await nodes.First.Store.Records.EndAsync(TestLedger.Stop);
        await nodes.First.WriteAsync(2);
        LedgerCursor taken = await nodes.First.Store.Records.EndAsync(TestLedger.Stop);
        await nodes.First.CloseAsync();
        await place.Server.ExecuteAsync($"SET search_path = {place.Schema}; DELETE FROM usage_group WHERE number >= 2");
        IMeteringStore store = await nodes.First.RestartAsync();
        await Assert.ThrowsAsync<UnknownCursorException>(() => store.Records.ReadAsync(taken, 10, TestLedger.Stop));
        Assert.Empty((await store.Records.ReadAsync(kept, 10, TestLedger.Stop)).Records);
    }

    [Fact]
    public async Task Moments_begin_anew_after_places_from_before_the_clock_was_set_back_and_after_no_other()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 1);
        IRecordReader records = nodes.First.Store.Records;
        await nodes.First.WriteAsync(1);
        LedgerCursor before = await records.EndAsync(TestLedger.Stop);
        Assert.False(await records.IsClockSetBackAfterAsync(before, TestLedger.Stop));
        await nodes.First.WriteAsync(2);
        await nodes.First.Ledger.SetHighWaterAsync(nodes.First.Ledger.HighWaterUnixNanoseconds - 1);
        Assert.True(await records.IsClockSetBackAfterAsync(before, TestLedger.Stop));
        Assert.True(await records.IsClockSetBackAfterAsync(LedgerCursor.Start, TestLedger.Stop));
        await nodes.First.WriteAsync(3);
        Assert.False(await records.IsClockSetBackAfterAsync(await records.EndAsync(TestLedger.Stop), TestLedger.Stop));
    }

    private static Task<long> EndedAsync(SchemaPlace place) =>
        place.Server.QueryAsync<long>($"SELECT count(*) FROM {place.Schema}.usage_group WHERE records = 0 AND writer > 0");

    private static Task TerminateAsync(SchemaPlace place) => place.Server.ExecuteAsync(
        $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'killed'");
}
