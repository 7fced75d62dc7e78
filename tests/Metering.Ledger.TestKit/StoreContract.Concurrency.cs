namespace Metering.Ledger.TestKit;

/// <content>Many requests at once.</content>
public abstract partial class StoreContract
{
    [Fact]
    public async Task Many_writers_of_the_same_uuids_get_each_accepted_once()
    {
        const int Writers = 16, Requests = 40, Uuids = 3000;
        await using Nodes nodes = await OpenAsync(Nodes, new StoreShape { GroupRequests = 7 });
        int[] accepted = new int[Uuids];
        int duplicates = 0;
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            var random = new Random(writer);
            StoreUnderTest node = nodes[writer % nodes.Count];
            for (int request = 0; request < Requests; request++)
            {
                int[] ids = [.. Enumerable.Range(0, 25).Select(_ => random.Next(Uuids))];
                IReadOnlyList<Verdict> verdicts = await node.VerdictsAsync([.. ids.Select(id => new RecordSpec(id + 1))]);
                for (int index = 0; index < ids.Length; index++)
                {
                    if (verdicts[index] == Verdict.Accepted)
                        Interlocked.Increment(ref accepted[ids[index]]);
                    else
                        Interlocked.Increment(ref duplicates);
                }
            }
        }, Stop)));

        Assert.All(accepted, count => Assert.InRange(count, 0, 1));
        Assert.Equal(Writers * Requests * 25, accepted.Sum() + duplicates);
        StoreUnderTest store = nodes.First;
        Assert.Equal(accepted.Sum(), (await store.RecordsAsync()).Select(record => record.Uuid).Distinct().Count());
        Assert.Equal(accepted.Sum(), Assert.Single(await store.TotalsAsync()).Records);
        Assert.Equal(duplicates, Assert.Single(await store.RejectionsAsync()).Records);
        await store.AssertSoundAsync();
    }

    [Fact]
    public async Task Readers_see_totals_that_equal_the_records_at_every_moment()
    {
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
        using var done = new CancellationTokenSource();
        Task writing = Task.Run(async () =>
        {
            for (int id = 1; !done.IsCancellationRequested; id++)
                await store.WriteAsync(new RecordSpec(id, id, Sku: 1 + (id % 3)));
        }, Stop);
        long records = 0;
        for (int round = 0; round < 20 || records < 100; round++)
        {
            LedgerVerification verification = await store.Ledger.VerifyAsync(Stop);
            Assert.Empty(verification.Differences);
            Assert.True(verification.Records >= records);
            records = verification.Records;
        }

        await done.CancelAsync();
        await writing;
    }
}
