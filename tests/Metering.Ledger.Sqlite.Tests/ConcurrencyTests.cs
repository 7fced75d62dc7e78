namespace Metering.Ledger.Sqlite.Tests;

public sealed class ConcurrencyTests
{
    [Fact]
    public async Task Many_writers_of_the_same_uuids_get_each_accepted_once()
    {
        const int Writers = 16, Requests = 60, Uuids = 3000;
        await using var store = new TestStore(options => options with { GroupRequests = 7 });
        SqliteStore opened = store.Store;
        int[] accepted = new int[Uuids];
        int duplicates = 0;
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            var random = new Random(writer);
            for (int request = 0; request < Requests; request++)
            {
                int[] ids = [.. Enumerable.Range(0, 25).Select(_ => random.Next(Uuids))];
                UsageWrite write = store.Request([.. ids.Select(id => new RecordSpec(id + 1))]);
                Assert.Equal(LedgerAnswer.Committed, await opened.Ledger.WriteAsync(write));
                for (int index = 0; index < ids.Length; index++)
                {
                    if (write.Records[index].Verdict == Verdict.Accepted)
                        Interlocked.Increment(ref accepted[ids[index]]);
                    else
                        Interlocked.Increment(ref duplicates);
                }
            }
        }, TestStore.Stop)));

        Assert.All(accepted, count => Assert.InRange(count, 0, 1));
        Assert.Equal(Writers * Requests * 25, accepted.Sum() + duplicates);
        Assert.Equal(accepted.Sum(), (await store.RecordsAsync()).Select(record => record.Uuid).Distinct().Count());
        Assert.Equal(accepted.Sum(), Assert.Single(await store.TotalsAsync()).Records);
        Assert.Equal(duplicates, Assert.Single(await store.RejectionsAsync()).Records);
        await store.AssertSoundAsync();
    }

    [Fact]
    public async Task Readers_see_totals_that_equal_the_records_at_every_moment()
    {
        await using var store = new TestStore();
        using var done = new CancellationTokenSource();
        ILedger ledger = store.Ledger;
        Task writing = Task.Run(async () =>
        {
            for (int id = 1; !done.IsCancellationRequested; id++)
                await store.WriteAsync(new RecordSpec(id, id, Sku: 1 + (id % 3)));
        }, TestStore.Stop);
        long records = 0;
        for (int round = 0; round < 20 || records < 100; round++)
        {
            LedgerVerification verification = await ledger.VerifyAsync(TestStore.Stop);
            Assert.Empty(verification.Differences);
            Assert.True(verification.Records >= records);
            records = verification.Records;
        }

        await done.CancelAsync();
        await writing;
    }

    [Fact]
    public void The_queue_keeps_the_order_of_each_sender_and_loses_nothing()
    {
        const int Senders = 4, Requests = 5000;
        var queue = new RequestQueue(Senders * Requests);
        var threads = Enumerable.Range(1, Senders).Select(sender => new Thread(() =>
        {
            for (int number = 1; number <= Requests; number++)
                Assert.Equal(Offer.Taken, queue.TryAdd(new UsageWrite { OwnerKey = sender, AccountKey = number }));
        })).ToList();
        threads.ForEach(thread => thread.Start());

        int[] last = new int[Senders + 1];
        var group = new UsageWrite[64];
        for (int total = 0; total < Senders * Requests;)
        {
            int taken = queue.Take(group);
            if (taken == 0)
                queue.Wait(TimeSpan.FromSeconds(30));
            foreach (UsageWrite write in group.AsSpan(0, taken))
                Assert.Equal(++last[write.OwnerKey], write.AccountKey);
            total += taken;
        }

        threads.ForEach(thread => thread.Join());
        Assert.Equal(0, queue.Count);
        queue.Close();
        Assert.Equal(Offer.Closed, queue.TryAdd(new UsageWrite()));
        Assert.Equal(0, queue.Take(group));
    }
}
