namespace Metering.Ledger.TestKit;

/// <summary>
/// What a store promises beside <see cref="StoreContract"/> when several nodes share it: together they count a record once,
/// and what one of them changes reaches the others.
/// </summary>
public abstract class SharedStoreContract : StoreContract
{
    /// <inheritdoc/>
    protected override int Nodes => 3;

    [Fact]
    public async Task What_one_node_counted_is_a_duplicate_on_every_other()
    {
        await using Nodes nodes = await OpenAsync(Nodes);
        Assert.Equal([Verdict.Accepted, Verdict.Accepted], await nodes[0].VerdictsAsync(1, 2));
        Assert.Equal([Verdict.Duplicate, Verdict.Accepted], await nodes[1].VerdictsAsync(2, 3));
        Assert.Equal([Verdict.Duplicate, Verdict.Duplicate, Verdict.Duplicate], await nodes[2].VerdictsAsync(1, 2, 3));
        for (int node = 0; node < nodes.Count; node++)
        {
            Assert.Equal((3, 3), (Assert.Single(await nodes[node].TotalsAsync()).Records, (int)Assert.Single(await nodes[node].TotalsAsync()).Quantity));
            Assert.Equal(4, Assert.Single(await nodes[node].RejectionsAsync()).Records);
            await nodes[node].AssertSoundAsync();
        }
    }

    [Fact]
    public async Task Many_clients_of_several_nodes_write_the_same_uuids_and_each_is_accepted_once()
    {
        const int Clients = 16, Uuids = 2000;
        await using Nodes nodes = await OpenAsync(Nodes);
        int[] accepted = new int[Uuids];
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            // Everybody sends everything, half of them backwards: the worst that can be done to locks.
            var random = new Random(client);
            int[] order = [.. Enumerable.Range(0, Uuids)];
            random.Shuffle(order);
            foreach (int[] ids in order.Chunk(25))
            {
                IReadOnlyList<Verdict> verdicts = await nodes[client % nodes.Count].VerdictsAsync([.. ids.Select(id => new RecordSpec(id + 1))]);
                for (int index = 0; index < ids.Length; index++)
                {
                    if (verdicts[index] == Verdict.Accepted)
                        Interlocked.Increment(ref accepted[ids[index]]);
                    else
                        Assert.Equal(Verdict.Duplicate, verdicts[index]);
                }
            }
        }, Stop)));

        Assert.All(accepted, count => Assert.Equal(1, count));
        Assert.Equal(Uuids, (await nodes.First.RecordsAsync()).Select(record => record.Uuid).Distinct().Count());
        Assert.Equal(Uuids, Assert.Single(await nodes.First.TotalsAsync()).Records);
        Assert.Equal((Clients - 1) * Uuids, Assert.Single(await nodes.First.RejectionsAsync()).Records);
        await nodes.First.AssertSoundAsync();
    }

    [Fact]
    public async Task A_change_of_the_catalog_reaches_the_other_nodes()
    {
        await using Nodes nodes = await OpenAsync(2);
        Task<StoreChanges> told = NextChangeAsync(nodes[1], StoreChanges.Catalog);
        await nodes[0].Store.Catalog.ApplyAsync(0, [new(new Publisher("a", "A"), false)], Stop);
        await told;
        Assert.Equal("a", Assert.Single((await nodes[1].Store.Catalog.ReadAsync(Stop)).Objects).Object.Id);
    }

    [Fact]
    public async Task Signing_keys_and_revocations_reach_the_other_nodes()
    {
        await using Nodes nodes = await OpenAsync(2);
        ICredentialStore here = nodes[0].Store.Credentials, there = nodes[1].Store.Credentials;
        Task<StoreChanges> told = NextChangeAsync(nodes[1], StoreChanges.Credentials);
        await here.AddSigningKeyAsync(new SigningKey("key", nodes.Time.GetUtcNow(), [1]), Stop);
        await told;
        Assert.Equal("key", Assert.Single(await there.ReadSigningKeysAsync(Stop)).Id);

        told = NextChangeAsync(nodes[1], StoreChanges.Credentials);
        await here.RevokeAsync(new RevokedToken("token", nodes.Time.GetUtcNow().AddHours(1)), Stop);
        await told;
        Assert.Equal("token", Assert.Single(await there.ReadRevokedTokensAsync(nodes.Time.GetUtcNow(), Stop)).TokenId);

        told = NextChangeAsync(nodes[1], StoreChanges.Credentials);
        await here.RemoveSigningKeysAsync(["key"], Stop);
        await told;
        Assert.Empty(await there.ReadSigningKeysAsync(Stop));
    }

    [Fact]
    public async Task Nodes_agree_on_the_admin_token_that_was_offered_first()
    {
        await using Nodes nodes = await OpenAsync(Nodes);
        string[] agreed = await Task.WhenAll(Enumerable.Range(0, nodes.Count).Select(node =>
            nodes[node].Store.Credentials.AgreeOnAdminTokenAsync($"mma_{node}", Stop)));
        Assert.Single(agreed.Distinct());
        Assert.Equal(agreed[0], await nodes.First.Store.Credentials.AgreeOnAdminTokenAsync("mma_late", Stop));
    }

    [Fact]
    public async Task Nodes_that_open_a_new_store_at_once_all_find_it_in_order()
    {
        StorePlace place = await MakePlaceAsync();
        await using var cleanup = place;
        var time = new ManualTime();
        IMeteringStore[] stores = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => place.OpenAsync(new StoreShape(), time), Stop)));
        try
        {
            foreach (IMeteringStore store in stores)
                Assert.Empty((await store.Ledger.VerifyAsync(Stop)).Differences);
        }
        finally
        {
            foreach (IMeteringStore store in stores)
                await store.DisposeAsync();
        }
    }

    /// <summary>Waits for the store to say that something changed.</summary>
    protected static async Task<StoreChanges> NextChangeAsync(StoreUnderTest node, StoreChanges wanted)
    {
        var told = new TaskCompletionSource<StoreChanges>(TaskCreationOptions.RunContinuationsAsynchronously);
        IMeteringStore store = node.Store;
        EventHandler<StoreChangedEventArgs> listen = (_, change) =>
        {
            if (change.Changes.HasFlag(wanted))
                told.TrySetResult(change.Changes);
        };
        store.Changed += listen;
        try
        {
            return await told.Task.WaitAsync(Stop);
        }
        finally
        {
            store.Changed -= listen;
        }
    }
}
