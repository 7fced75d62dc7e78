using System.Net;
using System.Text.Json.Nodes;
using Yandex.Cloud.Marketplace.Metering.V1;

namespace Metering.Server.Tests;

/// <summary>How often one account may write.</summary>
public class AccountRateTests
{
    private const string Write = "/marketplace/metering/v1/productUsage/write";
    private const string GrpcWrite = "/yandex.cloud.marketplace.metering.v1.ProductUsageService/Write";
    private const string Account = "acme-reporter";

    private readonly SettableTime _time = new();

    [Fact]
    public void A_burst_passes_at_once_then_each_waits_its_turn()
    {
        var rate = new AccountRate(requestsPerSecond: 10, burst: 3, accounts: 10, _time);
        for (int request = 0; request < 3; request++)
            Assert.Null(rate.Take(1));
        Assert.Equal(TimeSpan.FromMilliseconds(100), rate.Take(1)!.RetryAfter);

        _time.Now += TimeSpan.FromMilliseconds(60);
        Assert.Equal(TimeSpan.FromMilliseconds(40), rate.Take(1)!.RetryAfter); // what was refused did not cost anything
        _time.Now += TimeSpan.FromMilliseconds(40);
        Assert.Null(rate.Take(1));
        Assert.NotNull(rate.Take(1));
    }

    [Fact]
    public void A_pause_fills_the_bucket_and_never_more()
    {
        var rate = new AccountRate(requestsPerSecond: 10, burst: 3, accounts: 10, _time);
        for (int round = 0; round < 2; round++)
        {
            Assert.Equal(3, Enumerable.Range(0, 50).Count(_ => rate.Take(1) is null));
            _time.Now += TimeSpan.FromHours(1);
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 2)]
    [InlineData(7, 100)]
    [InlineData(100_000, 10)]
    public void Over_a_minute_the_rate_is_what_was_configured(int requestsPerSecond, int burst)
    {
        var rate = new AccountRate(requestsPerSecond, burst, accounts: 10, _time);
        int passed = 0;
        int perStep = Math.Min(burst, (requestsPerSecond / 100) + 1); // asks more often than is allowed, and never in greater bursts
        TimeSpan step = TimeSpan.FromSeconds(1.0 / requestsPerSecond * perStep);
        for (DateTimeOffset end = _time.Now + TimeSpan.FromMinutes(1); _time.Now < end; _time.Now += step)
        {
            for (int request = 0; request <= perStep; request++)
                passed += rate.Take(1) is null ? 1 : 0;
        }

        double expected = (requestsPerSecond * 60.0) + burst;
        Assert.InRange(passed, (expected * 0.98) - perStep - 1, expected + 1);
    }

    [Fact]
    public void One_account_does_not_use_up_what_is_anothers()
    {
        var rate = new AccountRate(requestsPerSecond: 1, burst: 1, accounts: 10, _time);
        Assert.Null(rate.Take(1));
        Assert.NotNull(rate.Take(1));
        Assert.Null(rate.Take(2));
    }

    [Fact]
    public void No_more_accounts_are_remembered_than_allowed_and_those_that_paused_make_room()
    {
        var rate = new AccountRate(requestsPerSecond: 1, burst: 5, accounts: 3, _time);
        for (int account = 1; account <= 3; account++)
            Assert.Null(rate.Take(account));
        Assert.NotNull(rate.Take(4)!.RetryAfter);
        Assert.Null(rate.Take(3)); // who is known goes on
        Assert.Equal(3, rate.Count);

        _time.Now += TimeSpan.FromSeconds(1);
        Assert.Null(rate.Take(4));
        Assert.Equal(2, rate.Count); // 3 has asked twice, its bucket is not full
    }

    [Fact]
    public async Task Racing_requests_take_no_more_than_there_is()
    {
        var rate = new AccountRate(requestsPerSecond: 1, burst: 1000, accounts: 10, _time);
        int[] passed = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(
            () => Enumerable.Range(0, 1000).Count(_ => rate.Take(1) is null), TestContext.Current.CancellationToken)));
        Assert.Equal(1000, passed.Sum());
    }

    [Fact]
    public async Task Beyond_its_rate_an_account_is_told_when_to_come_back_over_rest_and_grpc()
    {
        await using RunningServer server = await RunningServer.StartAsync(options => (options.AccountRate, options.AccountBurst) = (2, 1));
        string token = await server.TokenAsync(Account);
        JsonObject record = server.Record();
        var body = new JsonObject { ["productInstanceId"] = RunningServer.Instance, ["usageRecords"] = new JsonArray(record) };
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync(Write, body, token)).Status);

        (HttpStatusCode status, JsonNode refusal) = await server.PostAsync(Write, body, token);
        Assert.Equal(HttpStatusCode.TooManyRequests, status);
        Assert.Equal(8, (int)refusal["code"]!);
        JsonNode detail = Assert.Single(refusal["details"]!.AsArray())!;
        Assert.Equal("type.googleapis.com/google.rpc.RetryInfo", (string)detail["@type"]!);
        Assert.Equal("0.500s", (string)detail["retryDelay"]!);

        var request = new WriteUsageRequest { ProductInstanceId = RunningServer.Instance };
        (int code, string words, _) = await server.CallAsync<WriteUsageResponse>(GrpcWrite, request, token);
        Assert.Equal(8, code);
        Assert.Contains("2 requests per second", words);

        server.Time.Now += TimeSpan.FromSeconds(0.5);
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync(Write, body, token)).Status);
    }

    [Fact]
    public async Task Unless_it_is_configured_there_is_no_rate()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync(Account);
        for (int request = 0; request < 200; request++)
            Assert.Equal("ACCEPTED", Assert.Single(await server.WriteAsync(token, server.Record())).Value);
    }
}
