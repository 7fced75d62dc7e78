using System.Collections.Concurrent;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>A database that crashes under load, on a server of its own.</summary>
public sealed class RestartTests
{
    private const int Restarts = 3;
    private const int Clients = 8;

    [Fact]
    public async Task What_was_acknowledged_survives_crashes_of_the_database_and_is_counted_and_told_of_once()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await using SchemaPlace place = SchemaPlace.Make(server);
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 3);
        var acknowledged = new ConcurrentDictionary<int, bool>();
        int refused = 0;
        using var done = new CancellationTokenSource();
        Task[] clients = [.. Enumerable.Range(0, Clients).Select(client => Task.Run(() => SendAsync(nodes, client), TestLedger.Stop))];

        using var written = new CancellationTokenSource();
        Task<List<CountedRecord>>[] readers = [.. Enumerable.Range(1, 2).Select(node => Task.Run(() => FollowAsync(nodes[node].Store.Records, written.Token), TestLedger.Stop))];
        for (int restart = 0; restart < Restarts; restart++)
        {
            int before = acknowledged.Count;
            while (acknowledged.Count < before + 500)
                await Task.Delay(5, TestLedger.Stop);
            await server.StopAtOnceAsync();
            await server.StartAgainAsync();
        }

        await done.CancelAsync();
        await Task.WhenAll(clients);
        for (int node = 0; node < nodes.Count; node++)
        {
            while (nodes[node].Ledger.Outage is not null)
                await Task.Delay(10, TestLedger.Stop);
            Assert.False(nodes[node].Ledger.Failure.IsCompleted);
        }

        StoreUnderTest store = nodes.First;
        await store.AssertSoundAsync();
        await written.CancelAsync();
        List<CountedRecord> records = await store.RecordsAsync();
        foreach (Task<List<CountedRecord>> reader in readers)
            Assert.Equal(records, (await reader).OrderBy(record => record.Uuid));
        HashSet<UInt128> counted = [.. records.Select(record => record.Uuid)];
        Assert.All(acknowledged.Keys, id => Assert.Contains(new RecordSpec(id).Uuid, counted));
        Assert.True(refused > 0, "No client noticed a crash: the test crashed nothing.");
        Assert.All(await store.VerdictsAsync([.. acknowledged.Keys.Take(25).Select(id => (RecordSpec)id)]), verdict => Assert.Equal(Verdict.Duplicate, verdict));

        // Each sends records of its own, and sends again what was not confirmed, to whichever node.
        async Task SendAsync(Nodes to, int client)
        {
            var random = new Random(client);
            for (int first = 1 + (client * 1_000_000); !done.IsCancellationRequested; first += 5)
            {
                bool isRepeated = false;
                while (true)
                {
                    StoreUnderTest node = to[random.Next(to.Count)];
                    UsageWrite write = node.Request([.. Enumerable.Range(first, 5).Select(id => (RecordSpec)id)]);
                    LedgerAnswer answer = await node.Ledger.WriteAsync(write);
                    if (answer == LedgerAnswer.Committed)
                    {
                        Assert.All(TestLedger.VerdictsOf(write), verdict => Assert.True(verdict == Verdict.Accepted || (isRepeated && verdict == Verdict.Duplicate)));
                        for (int id = first; id < first + 5; id++)
                            acknowledged[id] = true;
                        break;
                    }

                    Assert.Contains(answer, new[] { LedgerAnswer.OutcomeUnknown, LedgerAnswer.Unreachable });
                    Interlocked.Increment(ref refused);
                    isRepeated = true;
                    await Task.Delay(10, TestLedger.Stop);
                }
            }
        }
    }
    // Follows the feed, as who bills by it would: what a reading that broke off would have told is read again.
    private static async Task<List<CountedRecord>> FollowAsync(IRecordReader records, CancellationToken written)
    {
        var seen = new List<CountedRecord>();
        for (LedgerCursor place = LedgerCursor.Start; ;)
        {
            bool isLast = written.IsCancellationRequested; // before the page: what was written is in it, or after it
            try
            {
                RecordPage page = await records.ReadAsync(place, 50, TestLedger.Stop);
                seen.AddRange(page.Records);
                place = page.Next;
                if (page.IsEnd && isLast)
                    return seen;
                if (page.IsEnd)
                    await Feed.WaitAsync(records, place, written);
            }
            catch (StoreException fault) when (fault.IsOutage)
            {
                await Task.Delay(10, TestLedger.Stop);
            }
        }
    }
}
