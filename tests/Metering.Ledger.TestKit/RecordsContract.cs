namespace Metering.Ledger.TestKit;

/// <summary>
/// What every store promises of reading its records one by one: the feed is in the order of commits, without a gap and each
/// record once, whatever goes on meanwhile; uuids and moments are found. Inherited as <see cref="StoreContract"/> is.
/// </summary>
public abstract partial class RecordsContract
{
    /// <summary>Ends with the test run.</summary>
    protected static CancellationToken Stop => TestLedger.Stop;

    /// <summary>Nodes that write at once; more than one only where nodes share a store.</summary>
    protected virtual int Nodes => 1;

    /// <summary>
    /// All readers are told of records in one order. Where writers commit side by side each reader may have an order of its
    /// own, in which it has every record once all the same.
    /// </summary>
    protected virtual bool IsOrderOne => true;

    /// <summary>An empty place of its own for each test.</summary>
    protected abstract Task<StorePlace> MakePlaceAsync();

    [Fact]
    public async Task The_feed_is_what_was_accepted_in_its_order_at_every_page_size()
    {
        await using Nodes nodes = await OpenAsync(seed: 1);
        StoreUnderTest store = nodes.First;
        List<CountedRecord> written = await FillAsync(store, requests: 40);
        foreach (int size in new[] { 1, 2, 3, 7, 25, 26, 100, Limits.PageRecords })
            Assert.Equal(written, await Feed.ReadAsync(store.Store.Records, size));
        await nodes.RestartAsync();
        Assert.Equal(written, await Feed.ReadAsync(store.Store.Records, 11));
    }

    [Fact]
    public async Task An_empty_ledger_has_an_end_and_what_comes_later_comes_after_it()
    {
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
        IRecordReader records = store.Store.Records;
        LedgerCursor end = await records.EndAsync(Stop);
        RecordPage page = await records.ReadAsync(LedgerCursor.Start, 10, Stop);
        Assert.Empty(page.Records);
        Assert.True(page.IsEnd);
        await store.WriteAsync(1, 2);
        Assert.Equal(2, (await records.ReadAsync(end, 10, Stop)).Records.Count);
        Assert.Equal(2, (await records.ReadAsync(page.Next, 10, Stop)).Records.Count);

        LedgerCursor later = await records.EndAsync(Stop);
        Assert.Empty((await records.ReadAsync(later, 10, Stop)).Records);
        await store.WriteAsync(3);
        Assert.Equal(new RecordSpec(3).Uuid, Assert.Single((await records.ReadAsync(later, 10, Stop)).Records).Uuid);
    }

    [Fact]
    public async Task Who_waits_is_woken_by_the_next_record_and_by_nothing_else()
    {
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
        IRecordReader records = store.Store.Records;
        await store.WriteAsync(1);
        await records.WaitAsync(LedgerCursor.Start, Stop); // there is one: at once
        LedgerCursor end = await records.EndAsync(Stop);
        Task[] waiting = [.. Enumerable.Range(0, 5).Select(_ => records.WaitAsync(end, Stop))];
        await store.WriteAsync(1); // a duplicate
        Assert.DoesNotContain(waiting, task => task.IsCompleted);
        await store.WriteAsync(2);
        await Task.WhenAll(waiting).WaitAsync(Stop);

        using var gaveUp = new CancellationTokenSource();
        Task waits = records.WaitAsync(await records.EndAsync(Stop), gaveUp.Token);
        await gaveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waits);
    }

    [Fact]
    public async Task Readers_of_the_feed_see_every_record_once_while_many_write_and_over_a_restart()
    {
        const int Writers = 6, Requests = 30, Readers = 3;
        await using Nodes nodes = await OpenAsync(Nodes, seed: 2);
        List<CountedRecord>[] seen = [.. Enumerable.Range(0, Readers).Select(_ => new List<CountedRecord>())];
        LedgerCursor[] places = new LedgerCursor[Readers];
        int accepted = 0;
        for (int round = 0; round < 2; round++)
        {
            using var written = new CancellationTokenSource();
            Task[] reading = [.. Enumerable.Range(0, Readers).Select(reader => Task.Run(async () =>
            {
                IRecordReader records = nodes[reader % nodes.Count].Store.Records;
                while (true)
                {
                    bool isLast = written.IsCancellationRequested; // before the page: what was written is in it, or after it
                    RecordPage page = await records.ReadAsync(places[reader], 1 + (reader * 20), Stop);
                    seen[reader].AddRange(page.Records);
                    places[reader] = page.Next;
                    if (page.IsEnd && isLast)
                        return;
                    if (page.IsEnd)
                        await Feed.WaitAsync(records, page.Next, written.Token);
                }
            }, Stop))];
            await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
            {
                var random = new Random((round * Writers) + writer);
                for (int request = 0; request < Requests; request++)
                {
                    RecordSpec[] some = [.. Enumerable.Range(0, random.Next(1, 26)).Select(_ => new RecordSpec(random.Next(1, 4000)))];
                    IReadOnlyList<Verdict> verdicts = await nodes[writer % nodes.Count].VerdictsAsync(some);
                    Interlocked.Add(ref accepted, verdicts.Count(verdict => verdict == Verdict.Accepted));
                }
            }, Stop)));
            await written.CancelAsync();
            await Task.WhenAll(reading);
            await nodes.RestartAsync();
        }

        List<CountedRecord> all = await Feed.ReadAsync(nodes.First.Store.Records, 1000);
        Assert.Equal(accepted, all.Count);
        Assert.Equal(accepted, all.Select(record => record.Uuid).Distinct().Count());
        if (IsOrderOne)
            Assert.All(seen, records => Assert.Equal(all, records));
        Assert.All(seen, records => Assert.Equal(all.OrderBy(record => record.Uuid), records.OrderBy(record => record.Uuid)));
        Assert.Equal(all.OrderBy(record => record.Uuid), await nodes.First.RecordsAsync());
    }

    [Fact]
    public async Task A_place_that_the_ledger_never_gave_is_unknown()
    {
        await using Nodes nodes = await OpenAsync();
        await using Nodes others = await OpenAsync();
        await nodes.First.WriteAsync(1, 2);
        await others.First.WriteAsync(1, 2);
        IRecordReader records = nodes.First.Store.Records;
        byte[] end = (await records.EndAsync(Stop)).Bytes.ToArray();
        LedgerCursor[] unknown =
        [
            new(new byte[] { 1 }), new(new byte[end.Length]), new(end.AsMemory(0, end.Length - 1)), new(end.Append((byte)0).ToArray()),
            await others.First.Store.Records.EndAsync(Stop), (await others.First.Store.Records.ReadAsync(LedgerCursor.Start, 1, Stop)).Next,
        ];
        foreach (LedgerCursor cursor in unknown)
        {
            await Assert.ThrowsAsync<UnknownCursorException>(() => records.ReadAsync(cursor, 10, Stop));
            await Assert.ThrowsAsync<UnknownCursorException>(() => records.WaitAsync(cursor, Stop));
        }

        Assert.Empty((await records.ReadAsync(new LedgerCursor(end), 10, Stop)).Records); // the control: this one it gave
    }

    [Fact]
    public async Task A_place_that_a_page_ended_at_is_known_after_a_restart()
    {
        await using Nodes nodes = await OpenAsync();
        await nodes.First.WriteAsync(1, 2, 3);
        await nodes.First.WriteAsync(4, 5);
        var rest = new Dictionary<LedgerCursor, int>();
        LedgerCursor place = LedgerCursor.Start;
        for (int left = 4; left >= 0; left--)
        {
            place = (await nodes.First.Store.Records.ReadAsync(place, 1, Stop)).Next;
            rest[place] = left;
        }

        await nodes.RestartAsync();
        foreach ((LedgerCursor cursor, int left) in rest)
        {
            Assert.True(LedgerCursor.TryParse(cursor.ToString(), out LedgerCursor kept));
            Assert.Equal(left, (await nodes.First.Store.Records.ReadAsync(kept, 10, Stop)).Records.Count);
        }
    }

    /// <summary>Opens nodes over a new place.</summary>
    protected async Task<Nodes> OpenAsync(int nodes = 1, int seed = 0)
    {
        StorePlace place = await MakePlaceAsync();
        return await TestKit.Nodes.OpenAsync(place, new StoreShape { GroupRequests = 5, Seed = seed }, nodes);
    }

    /// <summary>Writes random requests, one after the other; answers the accepted records in their order.</summary>
    protected static async Task<List<CountedRecord>> FillAsync(StoreUnderTest store, int requests, int seed = 1)
    {
        var random = new Random(seed);
        var accepted = new List<CountedRecord>();
        for (int request = 0; request < requests; request++)
        {
            UsageWrite write = store.Request(
                [.. Enumerable.Range(0, random.Next(1, 26)).Select(_ => new RecordSpec(
                    random.Next(1, 1000), random.Next(1, 9) == 1 ? long.MaxValue : random.Next(1, 5), random.Next(1, 4), random.Next(-60, 3600),
                    After: random.Next(5) == 0 ? Verdict.Expired : Verdict.Accepted))],
                owner: random.Next(1, 4));
            await store.VerdictsAsync(write);
            foreach (UsageRecord record in write.Records.ToArray().Where(record => record.Verdict == Verdict.Accepted))
            {
                accepted.Add(new CountedRecord(
                    record.Uuid, write.OwnerKey, record.SkuKey, record.Quantity, record.TimestampUnixNanoseconds,
                    write.ReceivedUnixNanoseconds, write.AccountKey, write.RequestId));
            }

            store.Time.Advance(TimeSpan.FromSeconds(random.Next(0, 300)));
        }

        return accepted;
    }
}
