using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace Metering.Server.Tests;

/// <summary>Rehearsal: who is let through, and what each mode makes of Writes.</summary>
public class EmulatorTests
{
    private const string ProductUsage = "/marketplace/metering/v1/productUsage/write";
    private const string ImageUsage = "/marketplace/metering/v1/imageProductUsage/write";

    [Fact]
    public async Task Any_bearer_token_writes_and_the_verdicts_are_the_real_ones()
    {
        await using RunningServer server = await StartAsync(EmulatorMode.Always);
        string uuid = Guid.NewGuid().ToString();
        Dictionary<string, string> verdicts = await server.WriteAsync("anything", server.Record(uuid), server.Record("bad"), server.Record(uuid.ToUpperInvariant()));
        Assert.Equal(["ACCEPTED", "INVALID_ID", "DUPLICATE"], [verdicts[uuid], verdicts["bad"], verdicts[uuid.ToUpperInvariant()]]);

        var image = new JsonObject
        {
            ["productId"] = RunningServer.ImageProduct,
            ["usageRecords"] = new JsonArray(server.Record(sku: RunningServer.ImageSku)),
        };
        Assert.Equal("ACCEPTED", RunningServer.Verdicts(await server.PostAsync(ImageUsage, image, "anything else")).Values.Single());
        JsonNode usage = await server.UsageAsync();
        Assert.Equal(
            [("acme-database", "acme-database-first", "dn2first0customer"), ("f2e4tmlj4qqciunhr7e6", "", "dn2first0customer")],
            usage["totals"]!.AsArray().Select(total =>
                ((string)total!["productId"]!, (string)total["productInstanceId"]!, (string)total["billingAccountId"]!)));
    }

    [Fact]
    public async Task What_a_publisher_would_be_denied_is_denied_to_anybody()
    {
        await using RunningServer server = await StartAsync(EmulatorMode.Always);
        var request = new JsonObject { ["productInstanceId"] = "no-such-instance", ["usageRecords"] = new JsonArray(server.Record()) };
        (HttpStatusCode status, JsonNode body) = await server.PostAsync(ProductUsage, request, "anything");
        Assert.Equal((HttpStatusCode.Forbidden, 7), (status, (int)body["code"]!));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("Basic anything")]
    [InlineData("Bearer")]
    public async Task A_missing_token_is_still_unauthenticated(string? authorization)
    {
        await using RunningServer server = await StartAsync(EmulatorMode.Always);
        using var request = new HttpRequestMessage(HttpMethod.Post, server.Rest + ProductUsage) { Content = new StringContent("{}") };
        if (authorization is not null)
            request.Headers.TryAddWithoutValidation("authorization", authorization);
        using HttpResponseMessage answer = await server.Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Theory]
    [InlineData("not a jwt at all")]
    [InlineData("a.b.c")]
    public async Task Any_jwt_is_exchanged_for_a_token_that_writes(string jwt)
    {
        await using RunningServer server = await StartAsync(EmulatorMode.Always);
        (HttpStatusCode status, JsonNode token) = await server.PostAsync("/iam/v1/tokens", new JsonObject { ["jwt"] = jwt }, token: null);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("2026-11-22T00:00:00Z", (string)token["expiresAt"]!);
        Assert.Equal("ACCEPTED", (await server.WriteAsync((string)token["iamToken"]!, server.Record())).Values.Single());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Never_refuses_every_write_in_the_words_of_the_real_thing(bool dryRun)
    {
        await using RunningServer server = await StartAsync(EmulatorMode.Never);
        foreach (string token in new[] { "anything", await server.TokenAsync("acme-reporter") })
        {
            (HttpStatusCode status, JsonNode body) = await server.PostAsync(ProductUsage, Request(server, dryRun), token);
            Assert.Equal((HttpStatusCode.Forbidden, 7, "not authorized"), (status, (int)body["code"]!, (string)body["message"]!));
        }
    }

    [Fact]
    public async Task Dry_run_lets_only_dry_runs_pass()
    {
        await using RunningServer server = await StartAsync(EmulatorMode.DryRun);
        Assert.Equal("ACCEPTED", RunningServer.Verdicts(await server.PostAsync(ProductUsage, Request(server, dryRun: true), "anything")).Values.Single());
        (HttpStatusCode status, JsonNode body) = await server.PostAsync(ProductUsage, Request(server, dryRun: false), "anything");
        Assert.Equal((HttpStatusCode.Forbidden, "not authorized"), (status, (string)body["message"]!));
        Assert.Empty((await server.UsageAsync())["totals"]!.AsArray());
    }

    [Fact]
    public async Task A_real_token_keeps_its_account()
    {
        await using RunningServer server = await StartAsync(EmulatorMode.Always);
        string customer = await server.TokenAsync("second-customer-gateway");
        (HttpStatusCode status, _) = await server.PostAsync(ProductUsage, Request(server, dryRun: false), customer);
        Assert.Equal(HttpStatusCode.Forbidden, status); // a customer's account reports no product instances, rehearsal or not
        var image = new JsonObject
        {
            ["productId"] = RunningServer.ImageProduct,
            ["usageRecords"] = new JsonArray(server.Record(sku: RunningServer.ImageSku)),
        };
        Assert.Equal("ACCEPTED", RunningServer.Verdicts(await server.PostAsync(ImageUsage, image, customer)).Values.Single());
        Assert.Equal("dn2second0customer", (string)(await server.UsageAsync())["totals"]![0]!["billingAccountId"]!);
    }

    [Fact]
    public async Task Administration_still_needs_the_admin_token()
    {
        await using RunningServer server = await StartAsync(EmulatorMode.Always);
        Assert.Equal(HttpStatusCode.Unauthorized, (await server.PostAsync("/metering/v1/catalog:apply", "{}", "anything")).Status);
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/metering/v1/usage:query", "{}", "anything")).Status); // whose usage it is, nobody asks here
    }

    [Fact]
    public async Task It_does_not_start_beyond_loopback_whoever_starts_it()
    {
        StartException fault = await Assert.ThrowsAsync<StartException>(() => RunningServer.StartAsync(options =>
        {
            options.Emulator = EmulatorMode.Always;
            options.ListenHttp = new IPEndPoint(IPAddress.Any, 0);
            options.AllowCleartext = true;
        }));
        Assert.Contains("it listens on loopback only", fault.Message);
    }

    [Theory]
    [InlineData(EmulatorMode.Always, true)]
    [InlineData(EmulatorMode.Off, false)]
    public async Task It_is_loud_in_the_log(EmulatorMode mode, bool isLoud)
    {
        using var log = new LogLines();
        string folder = Directory.CreateTempSubdirectory("metering-test-").FullName;
        try
        {
            var options = new ServerOptions
            {
                Data = folder, Emulator = mode, ListenGrpc = null, ListenHttps = null, ListenHttp = new IPEndPoint(IPAddress.Loopback, 0),
            };
            await using MeteringServer server = await Program.StartAsync(
                options, TimeProvider.System, logging => logging.AddProvider(log), TestContext.Current.CancellationToken);
            Assert.Equal(isLoud, log.Warnings.Any(line => line.Contains("EMULATOR (Always): any bearer token and any JWT is accepted.")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Without a catalog: the sample one is applied.
    private static Task<RunningServer> StartAsync(EmulatorMode mode) =>
        RunningServer.StartAsync(options => (options.Emulator, options.Catalog) = (mode, null));

    private static JsonObject Request(RunningServer server, bool dryRun) => new()
    {
        ["dryRun"] = dryRun,
        ["productInstanceId"] = RunningServer.Instance,
        ["usageRecords"] = new JsonArray(server.Record()),
    };

    private sealed class LogLines : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> _warnings = new();

        public IEnumerable<string> Warnings => _warnings;

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel == LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                _warnings.Enqueue(formatter(state, exception));
        }

        public void Dispose()
        {
        }
    }
}
