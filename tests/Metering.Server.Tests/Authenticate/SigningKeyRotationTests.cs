using System.Buffers.Text;
using System.Net;
using System.Text.Json.Nodes;
using Metering.Ledger;

namespace Metering.Server.Tests;

/// <summary>Signing keys change, and no valid token is dropped by that; dropped ones are dropped for good.</summary>
public sealed class SigningKeyRotationTests
{
    private const string RotatePath = "/metering/v1/signingKeys:rotate";
    private const string Account = "acme-reporter";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Tokens_of_older_keys_hold_until_they_end_also_across_restarts()
    {
        RunningServer server = await RunningServer.StartAsync(options => options.TokenLifetime = Limits.IamTokenLifetimeMaximum);
        try
        {
            string first = await server.TokenAsync(Account);
            JsonArray keys = await RotateAsync(server);
            string second = await server.TokenAsync(Account);
            Assert.Equal((string)keys[0]!["keyId"]!, KidOf(second));
            Assert.Equal((string)keys[1]!["keyId"]!, KidOf(first));
            Assert.Equal("", (string)keys[0]!["verifiesUntil"]!);
            Assert.Equal("2026-11-28T12:00:00Z", (string)keys[1]!["verifiesUntil"]!);

            server = await server.RestartAsync(options => options.TokenLifetime = Limits.IamTokenLifetimeMinimum);
            server.Time.Now += Limits.IamTokenLifetimeMaximum - TimeSpan.FromSeconds(1);
            server = await server.RestartAsync();
            foreach (string token in new[] { first, second })
                Assert.Equal("ACCEPTED", Assert.Single(await server.WriteAsync(token, server.Record())).Value);
            Assert.Equal(3, (await RotateAsync(server)).Count);

            server.Time.Now += TimeSpan.FromSeconds(2); // made at one instant, the second key is a tick younger
            Assert.Equal(HttpStatusCode.Unauthorized, await WriteAsync(server, first));
            server = await server.RestartAsync();
            Assert.Equal(3, (await RotateAsync(server)).Count); // the first is forgotten, a new one came
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_key_that_leaked_is_dropped_at_once_with_all_that_it_signed_and_stays_so()
    {
        RunningServer server = await RunningServer.StartAsync();
        try
        {
            string remembered = await server.TokenAsync(Account);
            string unused = await server.TokenAsync(Account);
            Assert.Equal(HttpStatusCode.OK, await WriteAsync(server, remembered));
            Assert.Single(await RotateAsync(server, dropOlder: true));
            string fresh = await server.TokenAsync(Account);
            for (int round = 0; round < 2; round++)
            {
                Assert.Equal(HttpStatusCode.Unauthorized, await WriteAsync(server, remembered));
                Assert.Equal(HttpStatusCode.Unauthorized, await WriteAsync(server, unused));
                Assert.Equal(HttpStatusCode.OK, await WriteAsync(server, fresh));
                server = await server.RestartAsync();
            }
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task Only_the_admin_rotates()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        foreach (string? token in new[] { null, await server.TokenAsync(Account) })
            Assert.Equal(HttpStatusCode.Unauthorized, (await server.PostAsync(RotatePath, "{}", token)).Status);
        Assert.Equal(2, (await RotateAsync(server)).Count);
    }

    [Fact]
    public async Task Rotations_within_one_instant_of_the_clock_keep_their_order()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        string before = fixture.NewToken();
        for (int round = 0; round < 5; round++)
            await fixture.Authority.RotateSigningKeyAsync(dropOlder: false, Cancellation);
        Assert.Equal(6, fixture.Store.Keys.Count);
        Assert.Equal(fixture.Store.Keys.Select(key => key.CreatedAt).Order(), fixture.Store.Keys.Select(key => key.CreatedAt)); // the clock stood still
        Assert.Equal(fixture.Store.Keys[^1].Id, KidOf(fixture.NewToken()));
        Assert.NotNull(fixture.Authenticate(before).Account);
    }

    [Fact]
    public async Task A_new_key_signs_even_when_the_clock_was_set_back()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        string before = fixture.NewToken();
        fixture.Time.Now = SettableTime.Start.AddDays(-3);
        IReadOnlyList<SigningKeyInUse> keys = await fixture.Authority.RotateSigningKeyAsync(dropOlder: false, Cancellation);
        Assert.Equal(keys[0].Id, KidOf(fixture.NewToken()));
        fixture.Time.Now = SettableTime.Start;
        Assert.NotNull(fixture.Authenticate(before).Account);
    }

    private static async Task<JsonArray> RotateAsync(RunningServer server, bool dropOlder = false)
    {
        (HttpStatusCode status, JsonNode body) = await server.PostAsync(RotatePath, new JsonObject { ["dropOlder"] = dropOlder }, server.AdminToken);
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        return body["keys"]!.AsArray();
    }

    private static async Task<HttpStatusCode> WriteAsync(RunningServer server, string token)
    {
        var body = new JsonObject { ["productInstanceId"] = RunningServer.Instance, ["usageRecords"] = new JsonArray(server.Record()) };
        return (await server.PostAsync("/marketplace/metering/v1/productUsage/write", body, token)).Status;
    }

    private static string KidOf(string token) =>
        (string)JsonNode.Parse(Base64Url.DecodeFromChars(token.AsSpan(0, token.IndexOf('.'))))!["kid"]!;
}
