using System.Net;
using System.Text.Json.Nodes;

namespace Metering.Server.Tests;

/// <summary>Every rule of docs/verdicts.md through the whole path, and the order between them.</summary>
public class VerdictTests
{
    private static readonly TimeSpan Window = TimeSpan.FromHours(1);
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Each_rule_gives_its_reason_and_a_bad_record_never_spoils_its_neighbours()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        string counted = Guid.NewGuid().ToString();
        await server.WriteAsync(token, server.Record(counted));

        JsonObject missing = server.Record();
        missing.Remove("timestamp");
        (JsonObject Record, string Verdict)[] cases =
        [
            (server.Record(), "ACCEPTED"),
            (server.Record("+2345678-1234-1234-1234-123456789012"), "INVALID_ID"),
            (server.Record(Guid.Empty.ToString()), "INVALID_ID"),
            (server.Record("ffffffff-ffff-ffff-ffff-ffffffffffff"), "INVALID_ID"),
            (server.Record(sku: "no-such-sku"), "INVALID_SKU_ID"),
            (server.Record(sku: "acme-database-legacy"), "INVALID_SKU_ID"),
            (server.Record(sku: RunningServer.ImageSku), "INVALID_PRODUCT_ID"),
            (server.Record(counted.ToUpperInvariant()), "DUPLICATE"),
            (server.Record(age: Window), "ACCEPTED"),
            (server.Record(age: Window + TimeSpan.FromTicks(1)), "EXPIRED"),
            (server.Record(age: -Tolerance), "ACCEPTED"),
            (server.Record(age: -Tolerance - TimeSpan.FromTicks(1)), "INVALID_TIMESTAMP"),
            (missing, "INVALID_TIMESTAMP"),
            (server.Record(quantity: 0), "INVALID_QUANTITY"),
            (server.Record(quantity: -1), "INVALID_QUANTITY"),
            (server.Record(quantity: long.MaxValue), "ACCEPTED"),
        ];
        Dictionary<string, string> verdicts = await server.WriteAsync(token, [.. cases.Select(one => one.Record)]);
        Assert.Equal(cases.Select(one => one.Verdict), cases.Select(one => verdicts[(string)one.Record["uuid"]!]));
    }

    [Fact]
    public async Task The_first_broken_rule_decides()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        string counted = Guid.NewGuid().ToString();
        await server.WriteAsync(token, server.Record(counted));

        // Each record breaks its own rule and every later one.
        TimeSpan old = Window * 2;
        JsonObject[] records =
        [
            server.Record("no uuid", quantity: 0, sku: "no-such-sku", age: old),
            server.Record(quantity: 0, sku: "no-such-sku", age: old),
            server.Record(quantity: 0, sku: RunningServer.ImageSku, age: old),
            server.Record(counted, quantity: 0, age: old),
            server.Record(quantity: 0, age: old),
            server.Record(quantity: 0, age: -old),
            server.Record(quantity: 0),
        ];
        Dictionary<string, string> verdicts = await server.WriteAsync(token, records);
        Assert.Equal(
            ["INVALID_ID", "INVALID_SKU_ID", "INVALID_PRODUCT_ID", "DUPLICATE", "EXPIRED", "INVALID_TIMESTAMP", "INVALID_QUANTITY"],
            records.Select(record => verdicts[(string)record["uuid"]!]));
    }

    [Fact]
    public async Task The_answer_keeps_the_order_and_the_spelling_of_the_request()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        string upper = Guid.NewGuid().ToString().ToUpperInvariant(), lower = Guid.NewGuid().ToString();
        (HttpStatusCode status, JsonNode body) = await server.PostAsync(
            "/marketplace/metering/v1/productUsage/write",
            new JsonObject
            {
                ["productInstanceId"] = RunningServer.Instance,
                ["usageRecords"] = new JsonArray(
                    server.Record("second-bad"), server.Record(upper), server.Record("first-bad"), server.Record(lower), server.Record(upper.ToLowerInvariant())),
            },
            token);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal([upper, lower], body["accepted"]!.AsArray().Select(one => (string)one!["uuid"]!));
        Assert.Equal(["second-bad", "first-bad", upper.ToLowerInvariant()], body["rejected"]!.AsArray().Select(one => (string)one!["uuid"]!));
        Assert.Equal(["INVALID_ID", "INVALID_ID", "DUPLICATE"], body["rejected"]!.AsArray().Select(one => (string)one!["reason"]!));
    }

    [Fact]
    public async Task A_rejected_record_never_uses_up_its_uuid()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        string uuid = Guid.NewGuid().ToString();
        Assert.Equal("INVALID_QUANTITY", (await server.WriteAsync(token, server.Record(uuid, quantity: 0)))[uuid]);
        Assert.Equal("EXPIRED", (await server.WriteAsync(token, server.Record(uuid, age: Window * 2)))[uuid]);
        Assert.Equal("ACCEPTED", (await server.WriteAsync(token, server.Record(uuid)))[uuid]);
        Assert.Equal("DUPLICATE", (await server.WriteAsync(token, server.Record(uuid)))[uuid]);
    }

    [Fact]
    public async Task A_dry_run_gives_the_verdicts_of_a_write_and_records_nothing()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        string uuid = Guid.NewGuid().ToString();
        JsonObject[] records = [server.Record(uuid), server.Record("bad"), server.Record(quantity: 0)];
        async Task<JsonNode> Write(bool dryRun)
        {
            var request = new JsonObject
            {
                ["dryRun"] = dryRun,
                ["productInstanceId"] = RunningServer.Instance,
                ["usageRecords"] = new JsonArray([.. records.Select(record => record.DeepClone())]),
            };
            return (await server.PostAsync("/marketplace/metering/v1/productUsage/write", request, token)).Body;
        }

        JsonNode first = await Write(dryRun: true), second = await Write(dryRun: true), real = await Write(dryRun: false);
        Assert.Equal(real.ToJsonString(), first.ToJsonString());
        Assert.Equal(real.ToJsonString(), second.ToJsonString());
        Assert.Equal("DUPLICATE", (string)(await Write(dryRun: true))["rejected"]![0]!["reason"]!);
    }

    [Fact]
    public async Task A_late_retry_of_a_counted_record_hears_counted_even_after_a_restart()
    {
        RunningServer server = await RunningServer.StartAsync();
        string uuid = Guid.NewGuid().ToString();
        JsonObject record = server.Record(uuid);
        await server.WriteAsync(await server.TokenAsync("acme-reporter"), record);
        server.Time.Now += TimeSpan.FromDays(400);
        await using RunningServer again = await server.RestartAsync();
        Assert.Equal("DUPLICATE", (await again.WriteAsync(await again.TokenAsync("acme-reporter"), record))[uuid]);
    }

    [Fact]
    public async Task A_clock_that_steps_back_does_not_reopen_the_window()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        JsonObject late = server.Record(age: TimeSpan.FromMinutes(30));
        server.Time.Now += TimeSpan.FromMinutes(31);
        await server.WriteAsync(token, server.Record());
        server.Time.Now += TimeSpan.FromMinutes(-31);
        Assert.Equal("EXPIRED", (await server.WriteAsync(token, late)).Values.Single());
    }
}
