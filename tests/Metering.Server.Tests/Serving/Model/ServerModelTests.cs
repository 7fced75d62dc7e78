using System.Globalization;
using System.Text.Json.Nodes;
using Metering.Ledger;

namespace Metering.Server.Tests;

/// <summary>
/// Random sequences of writes, clock moves, catalog changes and restarts through the whole server against a naive model. A
/// failure names its seed, which is in the test's name; METERING_SEED runs that one alone.
/// </summary>
public class ServerModelTests
{
    private const int Seeds = 6;
    private const int Steps = 50;

    public static TheoryData<int> SeedsToRun =>
        Environment.GetEnvironmentVariable("METERING_SEED") is { } seed ? [int.Parse(seed, CultureInfo.InvariantCulture)] : [.. Enumerable.Range(1, Seeds)];

    [Theory]
    [MemberData(nameof(SeedsToRun))]
    public async Task Verdicts_totals_and_rejections_are_the_models(int seed)
    {
        var random = new Random(seed);
        var writes = new RandomWrites(random);
        var model = new NaiveLedger();
        RunningServer server = await RunningServer.StartAsync();
        try
        {
            Dictionary<string, string> tokens = await TokensAsync(server);
            for (int step = 0; step < Steps; step++)
            {
                switch (random.Next(25))
                {
                    case 0:
                        server = await RestartAsync(server, model);
                        break;
                    case 1 or 2:
                        server.Time.Now += TimeSpan.FromMilliseconds(random.Next(-20 * 60_000, 40 * 60_000));
                        break;
                    case 3 or 4:
                        model.Catalog = ModelCatalog.All[random.Next(ModelCatalog.All.Length)];
                        await server.ApplyAsync(model.Catalog.Yaml);
                        break;
                    default:
                        ModelWrite write = writes.Next(server.Time.Now);
                        bool asJson = write.HasJson && random.Next(2) == 0;
                        ModelAnswer expected = model.Write(write, server.Time.Now);
                        ModelAnswer answer = await ModelWire.SendAsync(server, write, tokens[write.Account], asJson, older: random.Next(2) == 0);
                        string where = $"seed {seed}, step {step}";
                        Assert.Equal((where, Lines(expected.Accepted)), (where, Lines(answer.Accepted)));
                        Assert.Equal((where, Lines(expected.Rejected)), (where, Lines(answer.Rejected)));
                        break;
                }
            }

            await AssertCountedAsync(server, model);
            server = await RestartAsync(server, model);
            await AssertCountedAsync(server, model);
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    // A clock that stands far behind what the ledger has seen would keep the server from starting: it is set, as an operator would.
    private static async Task<RunningServer> RestartAsync(RunningServer server, NaiveLedger model)
    {
        model.Restart();
        if (server.Time.Now + Limits.ClockBehindTolerance < model.LatestStored)
            server.Time.Now = model.LatestStored - Limits.ClockBehindTolerance;
        return await server.RestartAsync();
    }

    private static async Task<Dictionary<string, string>> TokensAsync(RunningServer server)
    {
        var tokens = new Dictionary<string, string>();
        foreach (string account in new[] { "acme-reporter", "first-customer-gateway", "second-customer-gateway" })
            tokens[account] = await server.TokenAsync(account);
        return tokens;
    }

    private static async Task AssertCountedAsync(RunningServer server, NaiveLedger model)
    {
        JsonNode usage = await server.UsageAsync(new JsonObject { ["window"] = "HOUR" });
        Assert.Equal(Lines(model.Totals), Lines(usage["totals"]!.AsArray().Select(total =>
            $"{total!["windowStart"]} {total["productId"]} {total["productInstanceId"]} {total["billingAccountId"]} {total["skuId"]} {total["quantity"]} {total["records"]}")));
        IEnumerable<string> rejections = usage["rejections"]!.AsArray().Select(one =>
            $"{one!["productInstanceId"]} {one["billingAccountId"]} {one["reason"]} {one["records"]}");
        Assert.Equal(Lines(model.Rejections), Lines(rejections.Order(StringComparer.Ordinal)));
    }

    private static string Lines(IEnumerable<string> lines) => string.Join('\n', lines);
}
