using System.Security.Cryptography;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Microsoft.IdentityModel.JsonWebTokens;
using Yandex.Cloud.Iam.V1;
using static Metering.Client.Tests.Samples;
using static Metering.Client.Tests.ScriptedServer;

namespace Metering.Client.Tests;

public sealed class TokenTests
{
    private static readonly AuthorizedKeyFile Key =
        AuthorizedKeyFile.Create("account-1", KeyAlgorithm.Rsa2048, SettableTime.Start, "key-1");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_key_is_exchanged_once_however_many_requests_need_a_token()
    {
        await using ScriptedServer server = await StartAsync();
        var time = new SettableTime();
        server.Script = exchange => Serve(exchange, time, lifeHours: 12);
        using MeteringClient client = Connect(WithKey(server, time));

        WriteResult[] results = await Task.WhenAll(Enumerable.Range(0, 8).Select(
            _ => client.WriteProductUsageAsync(Instance, Records(100), cancellationToken: Token)));

        Assert.All(results, result => Assert.True(result.IsComplete));
        Assert.Single(server.Exchanges, IsExchange);
        Assert.All(server.Exchanges.Where(exchange => !IsExchange(exchange)), exchange =>
            Assert.StartsWith("Bearer token-", exchange.Headers["authorization"]));
    }

    [Fact]
    public async Task A_token_is_renewed_before_it_ends()
    {
        await using ScriptedServer server = await StartAsync();
        var time = new SettableTime();
        server.Script = exchange => Serve(exchange, time, lifeHours: 10);
        using MeteringClient client = Connect(WithKey(server, time));

        await WriteOneAsync(client);
        time.Now += TimeSpan.FromHours(7.9);
        await WriteOneAsync(client);
        Assert.Single(server.Exchanges, IsExchange);
        time.Now += TimeSpan.FromHours(0.2);
        await WriteOneAsync(client);

        Assert.Equal(2, server.Exchanges.Count(IsExchange));
        Assert.NotEqual(server.Exchanges[1].Headers["authorization"], server.Exchanges[^1].Headers["authorization"]);
    }

    [Fact]
    public async Task While_a_renewal_fails_the_old_token_serves_until_it_ends()
    {
        await using ScriptedServer server = await StartAsync();
        var time = new SettableTime();
        server.Script = exchange => IsExchange(exchange) && exchange.Number > 1 ? Fail(13, "broken") : Serve(exchange, time, lifeHours: 10);
        using MeteringClient client = Connect(WithKey(server, time));

        await WriteOneAsync(client);
        time.Now += TimeSpan.FromHours(9);
        WriteResult renewing = await client.WriteProductUsageAsync(Instance, Records(1), cancellationToken: Token);
        time.Now += TimeSpan.FromHours(1);
        WriteResult ended = await client.WriteProductUsageAsync(Instance, Records(1), cancellationToken: Token);

        Assert.True(renewing.IsComplete);
        Assert.Equal("broken", ended.Failure!.Message);
    }

    [Fact]
    public async Task A_refused_token_is_renewed_once_and_the_request_sent_again()
    {
        await using ScriptedServer server = await StartAsync();
        var time = new SettableTime();
        server.Script = exchange => exchange.Number == 2 ? Fail(16, "token revoked") : Serve(exchange, time, lifeHours: 12);
        using MeteringClient client = Connect(WithKey(server, time));

        await WriteOneAsync(client);

        Assert.Equal([true, false, true, false], server.Exchanges.Select(IsExchange));
        Assert.Equal(server.Exchanges[1].Message, server.Exchanges[3].Message);
    }

    [Fact]
    public async Task Tokens_refused_again_and_again_end_in_unauthenticated()
    {
        await using ScriptedServer server = await StartAsync();
        var time = new SettableTime();
        server.Script = exchange => IsExchange(exchange) ? Serve(exchange, time, lifeHours: 12) : Fail(16, "no");
        using MeteringClient client = Connect(WithKey(server, time));

        WriteResult result = await client.WriteProductUsageAsync(Instance, Records(1), cancellationToken: Token);

        Assert.Equal(GrpcStatusCode.Unauthenticated, result.Failure!.Code);
        Assert.Equal(4, server.Exchanges.Count);
    }

    [Fact]
    public async Task A_write_whose_token_cannot_be_had_was_not_made()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = _ => Fail(14, "away");
        using MeteringClient client = Connect(WithKey(server, new SettableTime()));

        WriteResult result = await client.WriteProductUsageAsync(Instance, Records(1), cancellationToken: Token);

        Assert.Equal(GrpcStatusCode.Unavailable, result.Failure!.Code);
        Assert.False(result.Failure.OutcomeIsUnknown);
        Assert.All(server.Exchanges, exchange => Assert.True(IsExchange(exchange)));
    }

    [Fact]
    public async Task A_token_that_was_given_is_not_renewed()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = _ => Fail(16, "expired");
        using MeteringClient client = Connect(Options(server.Address));

        WriteResult result = await client.WriteProductUsageAsync(Instance, Records(1), cancellationToken: Token);

        Assert.Equal(GrpcStatusCode.Unauthenticated, result.Failure!.Code);
        Assert.Single(server.Exchanges);
    }

    [Fact]
    public async Task The_jwt_is_signed_ps256_for_one_hour_and_names_key_account_and_both_audiences()
    {
        await using ScriptedServer server = await StartAsync();
        var time = new SettableTime();
        server.Script = exchange => Serve(exchange, time, lifeHours: 12);
        using MeteringClient client = Connect(WithKey(server, time));

        IamToken token = await client.CreateTokenAsync(Key, Token);

        string text = server.Exchanges[0].Read(CreateIamTokenRequest.Parser).Jwt;
        var jwt = new JsonWebToken(text);
        Assert.Equal("PS256", jwt.Alg);
        Assert.Equal("key-1", jwt.Kid);
        Assert.Equal("account-1", jwt.Issuer);
        Assert.Equal([$"https://iam.{new Uri(server.Address).Authority}/iam/v1/tokens", "https://iam.api.cloud.yandex.net/iam/v1/tokens"],
            jwt.Audiences);
        Assert.Equal(TimeSpan.FromHours(1), jwt.ValidTo - jwt.IssuedAt);
        Assert.Equal(SettableTime.Start.UtcDateTime, jwt.IssuedAt);
        Assert.False(jwt.TryGetPayloadValue<long>("nbf", out _));
        using RSA rsa = RSA.Create();
        rsa.ImportFromPem(Key.PublicKey);
        int dot = text.LastIndexOf('.');
        Assert.True(rsa.VerifyData(
            System.Text.Encoding.ASCII.GetBytes(text[..dot]), System.Buffers.Text.Base64Url.DecodeFromChars(text.AsSpan(dot + 1)),
                HashAlgorithmName.SHA256, RSASignaturePadding.Pss));
        Assert.Equal(time.Now.AddHours(12), token.ExpiresAt);
    }

    [Fact]
    public async Task An_audience_that_was_configured_is_the_only_one_and_a_plain_string()
    {
        await using ScriptedServer server = await StartAsync();
        var time = new SettableTime();
        server.Script = exchange => Serve(exchange, time, lifeHours: 12);
        MeteringClientOptions options = WithKey(server, time);
        options.TokenAudience = "https://iam.example:1/iam/v1/tokens";
        using MeteringClient client = Connect(options);

        await client.CreateTokenAsync(Key, Token);

        string payload = server.Exchanges[0].Read(CreateIamTokenRequest.Parser).Jwt.Split('.')[1];
        using JsonDocument claims = JsonDocument.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(payload));
        Assert.Equal("https://iam.example:1/iam/v1/tokens", claims.RootElement.GetProperty("aud").GetString());
    }

    [Fact]
    public async Task Revoking_sends_the_token_and_answers_with_its_account()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = _ => Reply(new RevokeIamTokenResponse { SubjectId = "account-1" });
        using MeteringClient client = Connect(new MeteringClientOptions { Address = server.Address });

        Assert.Equal("account-1", await client.RevokeTokenAsync("t9", Token));
        Assert.Equal("t9", server.Exchanges[0].Read(RevokeIamTokenRequest.Parser).IamToken);
        Assert.Equal("Bearer t9", server.Exchanges[0].Headers["authorization"]);
    }

    private static bool IsExchange(Exchange exchange) => exchange.Path.EndsWith("IamTokenService/Create", StringComparison.Ordinal);

    private static CannedAnswer Serve(Exchange exchange, TimeProvider time, double lifeHours) => IsExchange(exchange)
        ? Reply(new CreateIamTokenResponse
        {
            IamToken = $"token-{exchange.Number}",
            ExpiresAt = Timestamp.FromDateTimeOffset(time.GetUtcNow().AddHours(lifeHours)),
        })
        : AcceptAll(exchange);

    private static MeteringClientOptions WithKey(ScriptedServer server, TimeProvider time) =>
        new() { Address = server.Address, Key = Key, TimeProvider = time, Random = new Random(1) };

    private static async Task WriteOneAsync(MeteringClient client) =>
        Assert.True((await client.WriteProductUsageAsync(Instance, Records(1), cancellationToken: Token)).IsComplete);

    /// <summary>A clock that stands where the test put it; timers run as ever.</summary>
    private sealed class SettableTime : TimeProvider
    {
        public static readonly DateTimeOffset Start = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

        public DateTimeOffset Now { get; set; } = Start;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
