namespace Metering.Ledger.Sqlite.Tests;

public sealed class RequestQueueTests
{
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
