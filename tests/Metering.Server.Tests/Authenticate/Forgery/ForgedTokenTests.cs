using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Metering.Ledger;
using Yandex.Cloud.Iam.V1;

namespace Metering.Server.Tests;

/// <summary>
/// Forged and altered tokens, of every kind that is known: none is accepted. Replayable: a failure names the kind, its
/// number and the text, and the seed is fixed.
/// </summary>
public sealed class ForgedTokenTests
{
    private const int Seed = 20261122;
    private const string InstanceWrite = "/marketplace/metering/v1/productUsage/write";

    [Fact]
    public async Task Ten_thousand_forged_or_altered_tokens_and_none_is_accepted()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        fixture.Time.Now = SettableTime.Start.AddHours(-13);
        string[] ended = [fixture.NewToken(), fixture.NewToken()];
        fixture.Time.Now = SettableTime.Start;
        using var jwts = new ForgedJwts(IdentityFixture.KeyId, IdentityFixture.AccountId, fixture.Time.Now);
        using var signer = ECDsa.Create();
        signer.ImportPkcs8PrivateKey(fixture.Store.Keys[^1].PrivateKey, out _);
        string[] goodJwts = [jwts.Good(), jwts.Good(10), jwts.Good(20)];
        string[] goodTokens = [fixture.NewToken(), fixture.NewToken(), fixture.Authority.Issue(IdentityFixture.AccountId, null).Text];
        using var tokens = new ForgedIamTokens(goodTokens, ended, signer);
        Forgery[] forgeries =
        [
            .. Named("JWT", new TokenAlterations(goodJwts).All), .. Named("JWT", jwts.All),
            .. Named("IAM token", new TokenAlterations(goodTokens).All), .. Named("IAM token", tokens.All),
        ];

        var random = new Random(Seed);
        for (int number = 0; number < 10_000; number++)
        {
            (string kind, Func<Random, string> make) = forgeries[number % forgeries.Length];
            string text = make(random);
            string shown = $"{kind} (number {number}): {text}";
            Assert.False(goodJwts.Contains(text) || goodTokens.Contains(text), $"nothing was forged: {shown}");

            TokenIssue issue = fixture.TryExchange(text);
            Assert.True(issue.Token is null, $"exchanged: {shown}");
            Assert.True(issue.Refusal!.Kind is RefusalKind.InvalidForm or RefusalKind.Unauthenticated, shown);
            Authentication authentication = fixture.Authenticate(text);
            Assert.True(authentication.Account is null, $"authenticated: {shown}");
            Assert.True(authentication.Refusal!.Kind == RefusalKind.Unauthenticated, shown);
            if (!kind.EndsWith(ForgedIamTokens.Ended))
                Assert.True((await fixture.Authority.RevokeAsync(text, CancellationToken.None)).SubjectId is null, $"revoked: {shown}");
        }

        // Control: the same checks let the genuine ones through, and none was given up on the way.
        Assert.All(goodJwts, jwt => Assert.NotNull(fixture.TryExchange(jwt).Token));
        Assert.All(goodTokens, token => Assert.NotNull(fixture.Authenticate(token).Account));
        Assert.Empty(fixture.Store.Revoked);
        Assert.InRange(fixture.Authority.RememberedTokens, 0, goodTokens.Length);
    }

    [Fact]
    public async Task A_forged_token_of_each_kind_is_refused_over_gRPC_and_REST()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        const string account = "acme-reporter";
        string[] ended = [await server.TokenAsync(account)];
        server.Time.Now += TimeSpan.FromHours(13);
        (HttpStatusCode status, JsonNode answer) = await server.PostAsync(
            "/metering/v1/keys",
            new JsonObject { ["keyId"] = IdentityFixture.KeyId, ["serviceAccountId"] = account, ["keyAlgorithm"] = "RSA_2048", ["publicKey"] = TestKeys.First.PublicPem() },
            server.AdminToken);
        Assert.True(status == HttpStatusCode.OK, answer.ToJsonString());

        using var jwts = new ForgedJwts(IdentityFixture.KeyId, account, server.Time.Now);
        using var signer = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string[] goodJwts = [jwts.Good(), jwts.Good(10)];
        string[] goodTokens = [await server.TokenAsync(account), await server.TokenAsync(account)];
        using var tokens = new ForgedIamTokens(goodTokens, ended, signer);
        var random = new Random(Seed);
        foreach (Forgery forgery in Named("JWT", [.. new TokenAlterations(goodJwts).All, .. jwts.All]))
        {
            for (int round = 0; round < 4; round++)
                await AssertNotExchangedAsync(server, forgery.Make(random), forgery.Kind);
        }

        foreach (Forgery forgery in Named("IAM token", [.. new TokenAlterations(goodTokens).All, .. tokens.All]))
        {
            for (int round = 0; round < 4; round++)
                await AssertNotAuthenticatedAsync(server, forgery.Make(random), forgery.Kind);
        }

        // Control: the genuine ones pass the same ways, and each kind is refused at the other's door.
        foreach (string jwt in goodJwts)
        {
            Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/iam/v1/tokens", new JsonObject { ["jwt"] = jwt }, null)).Status);
            await AssertNotAuthenticatedAsync(server, jwt, "a JWT in place of a token");
        }

        foreach (string token in goodTokens)
        {
            Assert.Equal("ACCEPTED", Assert.Single(await server.WriteAsync(token, server.Record())).Value);
            await AssertNotExchangedAsync(server, token, "a token in place of a JWT");
        }
    }

    private static async Task AssertNotExchangedAsync(RunningServer server, string text, string kind)
    {
        (HttpStatusCode status, JsonNode body) = await server.PostAsync("/iam/v1/tokens", new JsonObject { ["jwt"] = text }, null);
        Assert.True(status is HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized, $"{kind}: {(int)status} {body.ToJsonString()} for {text}");
        (int grpc, _, CreateIamTokenResponse? token) = await server.CallAsync<CreateIamTokenResponse>(
            "/yandex.cloud.iam.v1.IamTokenService/Create", new CreateIamTokenRequest { Jwt = text }, null);
        Assert.True(grpc is 3 or 16 && token is null, $"{kind}: status {grpc} for {text}");
    }

    private static async Task AssertNotAuthenticatedAsync(RunningServer server, string text, string kind)
    {
        // What no client can put into a header never comes as a token; the rest of the kind does.
        string sent = string.Concat(text.Where(character => character is > ' ' and < '\x7f'));
        if (sent != text)
            sent += "~";
        var body = new JsonObject { ["productInstanceId"] = RunningServer.Instance, ["usageRecords"] = new JsonArray(server.Record()) };
        (HttpStatusCode status, JsonNode answer) = await server.PostAsync(InstanceWrite, body, sent);
        Assert.True(status == HttpStatusCode.Unauthorized, $"{kind}: {(int)status} {answer.ToJsonString()} for {sent}");
        (int grpc, _, _) = await server.CallAsync("/yandex.cloud.marketplace.metering.v1.ProductUsageService/Write", [], sent);
        Assert.True(grpc == 16, $"{kind}: status {grpc} for {sent}");
    }

    private static IEnumerable<Forgery> Named(string door, IEnumerable<Forgery> forgeries) =>
        forgeries.Select(forgery => forgery with { Kind = $"{door}, {forgery.Kind}" });
}
