using System.Collections.Concurrent;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>A database that crashes under load, on a server of its own.</summary>
public sealed class RestartTests
{
    private const int Restarts = 3;
    private const int Clients = 8;

    [Fact]
    public async Task What_was_acknowledged_survives_crashes_of_the_database_and_is_counted_once()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await using SchemaPlace place = SchemaPlace.Make(server);
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 3);
        var acknowledged = new ConcurrentDictionary<int, bool>();
        int refused = 0;
        using var done = new CancellationTokenSource();
        Task[] clients = [.. Enumerable.Range(0, Clients).Select(client => Task.Run(() => SendAsync(nodes, client), TestLedger.Stop))];

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
        HashSet<UInt128> counted = [.. (await store.RecordsAsync()).Select(record => record.Uuid)];
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
}
