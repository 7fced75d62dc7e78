namespace Metering.Ledger.TestKit;

/// <content>Records by uuid and by moment.</content>
public abstract partial class RecordsContract
{
    [Fact]
    public async Task Records_are_found_by_uuid_and_what_was_never_counted_is_not()
    {
        for (int seed = 0; seed < 4; seed++) // with an index in memory, and in many small runs
        {
            await using Nodes nodes = await OpenAsync(seed: seed);
            StoreUnderTest store = nodes.First;
            List<CountedRecord> written = await FillAsync(store, requests: 40, seed);
            var expected = written.ToDictionary(record => record.Uuid);
            UInt128[] all = [.. Enumerable.Range(1, 1000).Select(id => new RecordSpec(id).Uuid)];
            for (int round = 0; round < 2; round++)
            {
                AssertFound(expected, await store.Store.Records.FindAsync(all, Stop));
                foreach (UInt128[] few in all.Chunk(3).Take(40))
                {
                    AssertFound(
                        few.Where(expected.ContainsKey).ToDictionary(uuid => uuid, uuid => expected[uuid]),
                        await store.Store.Records.FindAsync(few, Stop));
                }

                await nodes.RestartAsync();
            }

            Assert.Empty(await store.Store.Records.FindAsync([], Stop));
        }
    }

    [Fact]
    public async Task A_record_is_found_from_the_moment_when_it_was_answered_while_others_write()
    {
        await using Nodes nodes = await OpenAsync(Nodes, seed: 3);
        using var done = new CancellationTokenSource();
        Task others = Task.Run(async () =>
        {
            for (int id = 10_000; !done.IsCancellationRequested; id += 25)
                await nodes[nodes.Count - 1].WriteAsync([.. Enumerable.Range(id, 25).Select(one => new RecordSpec(one))]);
        }, Stop);
        for (int id = 1; id <= 60; id++)
        {
            Assert.Equal([Verdict.Accepted], await nodes.First.VerdictsAsync(new RecordSpec(id, id)));
            UInt128 uuid = new RecordSpec(id).Uuid;
            Assert.Equal(id, Assert.Single(await nodes[id % nodes.Count].Store.Records.FindAsync([uuid, new RecordSpec(5_000 + id).Uuid], Stop)).Value.Quantity);
        }

        await done.CancelAsync();
        await others;
    }

    [Fact]
    public async Task All_records_of_a_moment_and_later_come_after_the_place_that_is_sought()
    {
        await using Nodes nodes = await OpenAsync(seed: 1);
        StoreUnderTest store = nodes.First;
        List<CountedRecord> written = await FillAsync(store, requests: 30);
        long[] moments = [.. written.Select(record => record.AcceptedUnixNanoseconds).Distinct()];
        for (int round = 0; round < 2; round++)
        {
            foreach (long moment in moments.SelectMany(moment => new[] { moment - 1, moment, moment + 1 }).Append(long.MinValue).Append(long.MaxValue))
            {
                LedgerCursor place = await store.Store.Records.SeekAsync(moment, Stop);
                List<CountedRecord> after = await Feed.ReadAsync(store.Store.Records, 100, place);
                Assert.Equal(written[^after.Count..], after); // a place like any other
                Assert.DoesNotContain(written[..^after.Count], record => record.AcceptedUnixNanoseconds >= moment);
            }

            await nodes.RestartAsync();
        }

        // Of hours, most are passed over: who seeks the end need not read everything.
        LedgerCursor last = await store.Store.Records.SeekAsync(moments[^1], Stop);
        Assert.InRange((await Feed.ReadAsync(store.Store.Records, 100, last)).Count, 1, written.Count / 2);
    }

    private static void AssertFound(Dictionary<UInt128, CountedRecord> expected, IReadOnlyDictionary<UInt128, CountedRecord> found) =>
        Assert.Equal(expected.OrderBy(pair => pair.Key), found.OrderBy(pair => pair.Key));
}
