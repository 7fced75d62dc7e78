using System.Net;
using System.Text.Json.Nodes;
using Yandex.Cloud.Iam.V1;
using Bounds = Metering.Ledger.Limits;

namespace Metering.Server.Tests;

/// <summary>How often one address may exchange JWTs.</summary>
public class ExchangeRateTests
{
    private static readonly IPAddress One = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Another = IPAddress.Parse("192.0.2.2");

    private readonly SettableTime _time = new();

    [Fact]
    public void A_burst_passes_then_each_waits_its_turn_and_another_address_does_not()
    {
        var rate = new ExchangeRate(requestsPerSecond: 2, addresses: 10, _time);
        for (int exchange = 0; exchange < 2 * Bounds.ExchangeBurstSeconds; exchange++)
            Assert.Null(rate.Take(One));
        Assert.Equal(TimeSpan.FromSeconds(0.5), rate.Take(One)!.RetryAfter);
        Assert.Null(rate.Take(Another));
        _time.Now += TimeSpan.FromSeconds(0.5);
        Assert.Null(rate.Take(One));
        Assert.NotNull(rate.Take(One));
    }

    [Fact]
    public void No_more_addresses_are_remembered_than_allowed_and_those_that_paused_make_room()
    {
        var rate = new ExchangeRate(requestsPerSecond: 1, addresses: 1, _time);
        Assert.Null(rate.Take(One));
        Assert.Equal(TimeSpan.FromSeconds(1), rate.Take(Another)!.RetryAfter);
        _time.Now += TimeSpan.FromSeconds(1);
        Assert.Null(rate.Take(Another));
    }

    [Fact]
    public void An_sdk_that_exchanges_every_20_seconds_never_meets_the_default()
    {
        var rate = new ExchangeRate(Bounds.ExchangeRate, Bounds.RatedAddresses, _time);
        for (int round = 0; round < 10; round++, _time.Now += TimeSpan.FromSeconds(20))
        {
            // 2,000 of them behind one address, all at the same moment.
            for (int sdk = 0; sdk < 2000; sdk++)
                Assert.Null(rate.Take(One));
        }
    }

    [Fact]
    public async Task Beyond_its_rate_an_address_is_told_when_to_come_back_over_rest_and_grpc()
    {
        await using RunningServer server = await RunningServer.StartAsync(options => options.ExchangeRate = 1);
        var jwt = new JsonObject { ["jwt"] = "not.a.jwt" };
        for (int exchange = 0; exchange < Bounds.ExchangeBurstSeconds; exchange++)
            Assert.NotEqual(HttpStatusCode.TooManyRequests, (await server.PostAsync("/iam/v1/tokens", jwt, token: null)).Status);
        (HttpStatusCode status, JsonNode refusal) = await server.PostAsync("/iam/v1/tokens", jwt, token: null);
        Assert.Equal((HttpStatusCode.TooManyRequests, 8), (status, (int)refusal["code"]!));
        Assert.Equal("1s", (string)Assert.Single(refusal["details"]!.AsArray())!["retryDelay"]!);
        (int code, string words, _) = await server.CallAsync<CreateIamTokenResponse>(
            RawRequest.TokenCreate, new CreateIamTokenRequest { Jwt = "not.a.jwt" }, token: null);
        Assert.Equal(8, code);
        Assert.Contains("1 token exchanges per second", words);
        await server.TokenAsync("acme-reporter"); // the admin's own way is not rated
    }

    [Fact]
    public async Task It_can_be_switched_off()
    {
        await using RunningServer server = await RunningServer.StartAsync(options => options.ExchangeRate = null);
        for (int exchange = 0; exchange <= Bounds.ExchangeRate * Bounds.ExchangeBurstSeconds; exchange++)
            Assert.NotEqual(8, (await server.CallAsync<CreateIamTokenResponse>(
                RawRequest.TokenCreate, new CreateIamTokenRequest { Jwt = "not.a.jwt" }, token: null)).Status);
    }
}
