using System.Net;
using System.Text.Json.Nodes;

namespace Metering.Server.Tests;

/// <summary>A Write over REST as it is documented: what may be sent, and what comes back.</summary>
public class RestWriteTests
{
    private const string ProductUsage = "/marketplace/metering/v1/productUsage/write";
    private const string Now = "2026-11-21T12:00:00Z"; // the test server's clock

    public static TheoryData<string, string> Quantities => new()
    {
        { "1", "1" },
        { "\"1\"", "1" },
        { "9223372036854775807", "9223372036854775807" },
        { "\"9223372036854775807\"", "9223372036854775807" },
        { "9007199254740993", "9007199254740993" }, // 2^53 + 1: no double holds it
        { "1e3", "1000" },
        { "5.0", "5" },
        { "\"7.0\"", "7" },
    };

    private static readonly string[] NoQuantities =
        ["9223372036854775808", "\"-9223372036854775809\"", "1.5", "\"\"", "\"one\"", "true", "[1]", "{}", "\" 1\"", "1e30"];

    private static readonly (string Moment, string Verdict)[] Moments =
    [
        (Now, "ACCEPTED"),
        ("2026-11-21T12:00:00.000000000Z", "ACCEPTED"),
        ("2026-11-21T15:00:00+03:00", "ACCEPTED"),
        ("2026-11-21T06:30:00-05:30", "ACCEPTED"),
        ("2026-11-21T12:01:00Z", "ACCEPTED"),
        ("2026-11-21T12:01:00.000000001Z", "INVALID_TIMESTAMP"),
        ("2026-11-21T11:00:00Z", "ACCEPTED"),
        ("2026-11-21T10:59:59.999999999Z", "EXPIRED"),
        ("2026-11-21T12:00:00+03:00", "EXPIRED"), // 09:00 UTC
        ("2026-11-21T12:00:00-03:00", "INVALID_TIMESTAMP"), // 15:00 UTC
        ("0001-01-01T00:00:00Z", "EXPIRED"),
        ("9999-12-31T23:59:59.999999999Z", "INVALID_TIMESTAMP"),
    ];

    private static readonly string[] NoMoments =
        ["", "yesterday", "2026-11-21", "2026-11-21 12:00:00Z", "2026-11-21T12:00:00", "2026-02-30T12:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T12:00:00.0000000001Z"];

    [Theory]
    [InlineData("productInstanceId", "usageRecords", "skuId", "dryRun")]
    [InlineData("product_instance_id", "usage_records", "sku_id", "dry_run")]
    [InlineData("productInstanceId", "usage_records", "sku_id", "dryRun")]
    public async Task Names_are_taken_in_both_spellings(string instance, string records, string sku, string dryRun)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter"), uuid = Guid.NewGuid().ToString();
        string body = $$"""
            {"{{instance}}": "{{RunningServer.Instance}}", "{{dryRun}}": true,
             "{{records}}": [{"uuid": "{{uuid}}", "{{sku}}": "{{RunningServer.InstanceSku}}", "quantity": 1, "timestamp": "{{Now}}"}]}
            """;
        (HttpStatusCode status, JsonNode answer) = await server.PostAsync(ProductUsage, body, token);
        Assert.Equal((HttpStatusCode.OK, $$"""{"accepted":[{"uuid":"{{uuid}}"}],"rejected":[]}"""), (status, answer.ToJsonString()));
        Assert.Empty((await server.UsageAsync())["totals"]!.AsArray()); // the dry run was understood as one
    }

    [Theory]
    [InlineData("/marketplace/metering/v1/imageProductUsage/write", "productId", "validateOnly")]
    [InlineData("/marketplace/metering/v1/imageProductUsage/write", "product_id", "validate_only")]
    [InlineData("/marketplace/v1/metering/imageProductUsage/write", "productId", "validateOnly")]
    [InlineData("/marketplace/v1/metering/imageProductUsage/write", "product_id", "validate_only")]
    public async Task Image_usage_has_names_of_its_own(string path, string product, string validateOnly)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("first-customer-gateway");
        JsonObject Request(bool isDryRun) => new()
        {
            [product] = RunningServer.ImageProduct,
            [validateOnly] = isDryRun,
            ["usageRecords"] = new JsonArray(server.Record(quantity: 3, sku: RunningServer.ImageSku)),
        };
        Assert.Equal("ACCEPTED", RunningServer.Verdicts(await server.PostAsync(path, Request(isDryRun: true), token)).Values.Single());
        Assert.Empty((await server.UsageAsync())["totals"]!.AsArray());
        Assert.Equal("ACCEPTED", RunningServer.Verdicts(await server.PostAsync(path, Request(isDryRun: false), token)).Values.Single());
        Assert.Equal("3", (string)(await server.UsageAsync())["totals"]![0]!["quantity"]!);
    }

    [Fact]
    public async Task Both_arrays_are_always_there()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        (_, JsonNode rejected) = await server.PostAsync(ProductUsage, Request("x", "1", Now), token);
        Assert.Equal("""{"accepted":[],"rejected":[{"uuid":"x","reason":"INVALID_ID"}]}""", rejected.ToJsonString());
        string uuid = Guid.NewGuid().ToString();
        (_, JsonNode accepted) = await server.PostAsync(ProductUsage, Request(uuid, "1", Now), token);
        Assert.Equal($$"""{"accepted":[{"uuid":"{{uuid}}"}],"rejected":[]}""", accepted.ToJsonString());
    }

    [Fact]
    public async Task Unknown_fields_are_ignored_whole()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        JsonObject record = server.Record();
        record["tags"] = new JsonObject { ["uuid"] = "inner", ["deep"] = new JsonArray(1, 2, new JsonObject()) };
        var request = new JsonObject
        {
            ["comment"] = "not a field",
            ["productInstanceId"] = RunningServer.Instance,
            ["usageRecords"] = new JsonArray(record),
            ["ProductInstanceId"] = "another spelling is another field",
        };
        Assert.Equal("ACCEPTED", RunningServer.Verdicts(await server.PostAsync(ProductUsage, request, await server.TokenAsync("acme-reporter"))).Values.Single());
    }

    [Theory]
    [MemberData(nameof(Quantities))]
    public async Task A_quantity_is_a_number_or_a_text_and_exact(string json, string counted)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        Assert.Equal("ACCEPTED", RunningServer.Verdicts(await server.PostAsync(ProductUsage, Request(Guid.NewGuid().ToString(), json, Now), token)).Values.Single());
        Assert.Equal(counted, (string)(await server.UsageAsync())["totals"]![0]!["quantity"]!);
    }

    [Fact]
    public async Task The_smallest_int64_and_a_missing_quantity_are_verdicts()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        foreach (string quantity in new[] { "-9223372036854775808", "\"-9223372036854775808\"", "0", "null" })
        {
            (HttpStatusCode, JsonNode) answer = await server.PostAsync(ProductUsage, Request(Guid.NewGuid().ToString(), quantity, Now), token);
            Assert.Equal("INVALID_QUANTITY", RunningServer.Verdicts(answer).Values.Single());
        }
    }

    [Fact]
    public async Task What_is_no_int64_is_refused_by_its_place()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        foreach (string quantity in NoQuantities)
            await AssertRefusedAsync(server, token, Request(Guid.NewGuid().ToString(), quantity, Now), "usageRecords[0].quantity: ");
    }

    [Fact]
    public async Task A_moment_is_rfc_3339_to_the_nanosecond_with_any_offset()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        foreach ((string moment, string verdict) in Moments)
        {
            (HttpStatusCode, JsonNode) answer = await server.PostAsync(ProductUsage, Request(Guid.NewGuid().ToString(), "1", moment), token);
            Assert.Equal((moment, verdict), (moment, RunningServer.Verdicts(answer).Values.Single()));
        }
    }

    [Fact]
    public async Task What_is_no_moment_is_refused_by_its_place()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        foreach (string moment in NoMoments)
            await AssertRefusedAsync(server, token, Request(Guid.NewGuid().ToString(), "1", moment), "usageRecords[0].timestamp: ");
    }

    private static string Request(string uuid, string quantity, string moment) => $$"""
        {"productInstanceId": "{{RunningServer.Instance}}",
         "usageRecords": [{"uuid": "{{uuid}}", "skuId": "{{RunningServer.InstanceSku}}", "quantity": {{quantity}}, "timestamp": "{{moment}}"}]}
        """;

    private static async Task AssertRefusedAsync(RunningServer server, string token, string body, string words)
    {
        (HttpStatusCode status, JsonNode answer) = await server.PostAsync(ProductUsage, body, token);
        Assert.True(status == HttpStatusCode.BadRequest, $"{body}: {answer.ToJsonString()}");
        Assert.Equal(3, (int)answer["code"]!);
        Assert.StartsWith(words, (string)answer["message"]!);
    }
}
