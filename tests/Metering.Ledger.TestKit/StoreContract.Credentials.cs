namespace Metering.Ledger.TestKit;

/// <content>Signing keys, revocations, the admin token.</content>
public abstract partial class StoreContract
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Signing_keys_are_kept_oldest_first()
    {
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
        var younger = new SigningKey("younger", Noon.AddTicks(1), [4, 5]);
        var older = new SigningKey("older", Noon, [1, 2, 3]);
        await store.Store.Credentials.AddSigningKeyAsync(younger, Stop);
        await store.Store.Credentials.AddSigningKeyAsync(older, Stop);
        await Assert.ThrowsAsync<StoreException>(() => store.Store.Credentials.AddSigningKeyAsync(older, Stop));
        await store.RestartAsync();
        IReadOnlyList<SigningKey> keys = await store.Store.Credentials.ReadSigningKeysAsync(Stop);
        Assert.Equal([("older", Noon, "010203"), ("younger", Noon.AddTicks(1), "0405")], keys.Select(key => (key.Id, key.CreatedAt, Convert.ToHexString(key.PrivateKey))));
    }

    [Fact]
    public async Task Removed_signing_keys_are_gone_and_the_others_stay()
    {
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
        foreach (string id in new[] { "one", "two", "three" })
            await store.Store.Credentials.AddSigningKeyAsync(new SigningKey(id, Noon, [1]), Stop);
        await store.Store.Credentials.RemoveSigningKeysAsync(["one", "three", "never there"], Stop);
        await store.RestartAsync();
        Assert.Equal("two", Assert.Single(await store.Store.Credentials.ReadSigningKeysAsync(Stop)).Id);
    }

    [Fact]
    public async Task A_revocation_is_remembered_until_the_token_would_have_ended()
    {
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
        var token = new RevokedToken("token", Noon.AddHours(1));
        await store.Store.Credentials.RevokeAsync(token, Stop);
        await store.Store.Credentials.RevokeAsync(token, Stop);
        await store.Store.Credentials.RevokeAsync(new RevokedToken("for ever", DateTimeOffset.MaxValue), Stop);
        await store.RestartAsync();
        Assert.Equal([token, new RevokedToken("for ever", DateTimeOffset.MaxValue)], await store.Store.Credentials.ReadRevokedTokensAsync(Noon, Stop));
        Assert.Equal("for ever", Assert.Single(await store.Store.Credentials.ReadRevokedTokensAsync(Noon.AddHours(1), Stop)).TokenId);
    }

    [Fact]
    public async Task A_node_that_offers_the_admin_token_in_force_is_told_the_same()
    {
        await using Nodes nodes = await OpenAsync();
        Assert.Equal("mma_first", await nodes.First.Store.Credentials.AgreeOnAdminTokenAsync("mma_first", Stop));
        await nodes.First.RestartAsync();
        Assert.Equal("mma_first", await nodes.First.Store.Credentials.AgreeOnAdminTokenAsync("mma_first", Stop));
    }
}
