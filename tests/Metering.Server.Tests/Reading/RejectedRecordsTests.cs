using System.Net;
using System.Text.Json.Nodes;

namespace Metering.Server.Tests;

/// <summary>Rejected records as those whose they are read them: what was sent, what is at risk, and nothing of anybody else's.</summary>
public class RejectedRecordsTests
{
    private const string List = "/metering/v1/rejections:list";
    private const string Summarize = "/metering/v1/rejections:summarize";
    private const string Replay = "/metering/v1/rejections:replay";
    private const string LookUp = "/metering/v1/records:lookUp";
    private const string Missing = "acme-database-not-yet";

    [Fact]
    public async Task What_was_rejected_is_listed_as_it_was_sent()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        JsonObject unknownSku = server.Record(quantity: 7, sku: Missing), badId = server.Record("not-a-uuid");
        JsonObject odd = server.Record();
        odd.Remove("timestamp");
        Assert.Equal(["INVALID_SKU_ID", "INVALID_ID", "INVALID_TIMESTAMP"], (await server.WriteAsync(token, unknownSku, badId, odd)).Values);

        JsonArray records = (await AskAsync(server, List, [], token))["records"]!.AsArray();
        Assert.Equal(3, records.Count);
        JsonNode listed = records.Single(record => (string)record!["skuId"]! == Missing)!;
        Assert.Equal(
            (unknownSku["uuid"]!.ToString(), "7", "", "acme-database", RunningServer.Instance, "dn2first0customer", "INVALID_SKU_ID", "acme-reporter"),
            ((string)listed["uuid"]!, (string)listed["quantity"]!, (string)listed["unit"]!, (string)listed["productId"]!,
                (string)listed["productInstanceId"]!, (string)listed["billingAccountId"]!, (string)listed["reason"]!, (string)listed["serviceAccountId"]!));
        Assert.Equal("2026-11-21T12:00:00Z", (string)listed["timestamp"]!);
        Assert.Equal("2026-11-21T12:00:00Z", (string)listed["received"]!);
        Assert.Null(records.Single(record => (string)record!["reason"]! == "INVALID_TIMESTAMP")!["timestamp"]);

        JsonNode only = await AskAsync(server, List, new JsonObject { ["filter"] = new JsonObject { ["reason"] = "INVALID_ID" } }, token);
        Assert.Equal("not-a-uuid", (string)Assert.Single(only["records"]!.AsArray())!["uuid"]!);
    }

    [Fact]
    public async Task Each_sees_its_own_and_nothing_else()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string publisher = await server.TokenAsync("acme-reporter"), customer = await server.TokenAsync("first-customer-gateway");
        await server.WriteAsync(publisher, server.Record("p", sku: Missing));
        RunningServer.Verdicts(await server.PostAsync(
            "/marketplace/metering/v1/imageProductUsage/write",
            new JsonObject { ["productId"] = RunningServer.ImageProduct, ["usageRecords"] = new JsonArray(server.Record("c", sku: Missing)) }, customer));
        RunningServer.Verdicts(await server.PostAsync(
            "/marketplace/metering/v1/imageProductUsage/write",
            new JsonObject { ["productId"] = "mistyped", ["usageRecords"] = new JsonArray(server.Record("m", sku: Missing)) }, customer));

        Assert.Equal("cmp", await UuidsAsync(server, server.AdminToken));
        string ofPublisher = await UuidsAsync(server, publisher), ofCustomer = await UuidsAsync(server, customer);
        Assert.Equal("cp", ofPublisher); // the image product is its own; of a mistyped one nobody knows whose it is
        Assert.Equal("cmp", ofCustomer); // the instance serves it
        Assert.Equal(HttpStatusCode.Unauthorized, (await server.PostAsync(List, new JsonObject(), token: null)).Status);
        JsonNode nobodys = await AskAsync(
            server, List, new JsonObject { ["filter"] = new JsonObject { ["productInstanceId"] = "no-such-instance" } }, server.AdminToken);
        Assert.Empty(nobodys["records"]!.AsArray());
    }

    [Fact]
    public async Task Pages_follow_each_other_and_a_token_belongs_to_its_question()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        await server.WriteAsync(token, [.. Enumerable.Range(0, 25).Select(id => server.Record($"{id}"))]);
        var uuids = new List<string>();
        string page = "";
        do
        {
            JsonNode answer = await AskAsync(server, List, new JsonObject { ["pageSize"] = 10, ["pageToken"] = page }, token);
            uuids.AddRange(answer["records"]!.AsArray().Select(record => (string)record!["uuid"]!));
            page = (string)answer["nextPageToken"]!;
            Assert.InRange(uuids.Count, 1, 25);
            (HttpStatusCode status, JsonNode body) = await server.PostAsync(
                List, new JsonObject { ["filter"] = new JsonObject { ["skuId"] = "another" }, ["pageToken"] = page.Length == 0 ? "AAAA" : page }, token);
            Assert.Equal((HttpStatusCode.BadRequest, 3), (status, (int)body["code"]!));
        }
        while (page.Length > 0);
        Assert.Equal(Enumerable.Range(0, 25).Select(id => $"{id}").Order(), uuids.Order());
    }

    [Theory]
    [InlineData("""{"filter":{"reason":"NONSENSE"}}""", "filter.reason is no reason; there are INVALID_ID, ")]
    [InlineData("""{"filter":{"from":"2026-01-02T00:00:00Z","to":"2026-01-01T00:00:00Z"}}""", "filter.to is before from")]
    [InlineData("""{"pageSize":10001}""", "page_size is 10001; 1 to 10000 are allowed, and 0 for 1000")]
    public async Task A_question_that_cannot_be_is_refused_by_field(string question, string words)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        (HttpStatusCode status, JsonNode body) = await server.PostAsync(List, question, server.AdminToken);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.StartsWith(words, (string)body["message"]!);
    }

    [Fact]
    public async Task What_is_sent_over_and_over_is_at_risk_once_and_what_was_corrected_no_more()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        JsonObject retried = server.Record(quantity: 100, sku: Missing), corrected = server.Record(quantity: 1, sku: Missing);
        for (int time = 0; time < 3; time++)
            await server.WriteAsync(token, retried);
        await server.WriteAsync(token, corrected, server.Record(quantity: -5));
        corrected["skuId"] = RunningServer.InstanceSku;
        Assert.Equal("ACCEPTED", Assert.Single(await server.WriteAsync(token, corrected)).Value);

        JsonNode summary = await AskAsync(server, Summarize, [], server.AdminToken);
        Assert.Equal(
            [$"{RunningServer.InstanceSku} INVALID_QUANTITY 1 1 0 0 core*hour", $"{Missing} INVALID_SKU_ID 4 2 1 100 "],
            summary["totals"]!.AsArray().Select(total =>
                $"{total!["skuId"]} {total["reason"]} {total["records"]} {total["uuids"]} {total["acceptedSince"]} {total["quantityAtRisk"]} {total["unit"]}"));
        Assert.Equal(("5", "0"), ((string)summary["keptRecords"]!, (string)summary["droppedRecords"]!));
        Assert.Equal("0", (string)(await AskAsync(server, Summarize, [], token))["keptRecords"]!); // how much others keep is not the publisher's
        JsonArray listed = (await AskAsync(server, List, [], token))["records"]!.AsArray();
        Assert.Equal([corrected["uuid"]!.ToString()], listed.Where(record => (bool)record!["acceptedSince"]!).Select(record => (string)record!["uuid"]!));
    }

    [Fact]
    public async Task Rejected_records_are_dropped_once_they_are_too_old()
    {
        await using RunningServer server = await RunningServer.StartAsync(options => options.RejectedAge = TimeSpan.FromHours(1));
        string token = await server.TokenAsync("acme-reporter");
        await server.WriteAsync(token, server.Record(sku: Missing));
        server.Time.Now += TimeSpan.FromHours(2);
        await server.WriteAsync(token, server.Record(sku: Missing)); // the clock is read with a Write
        await using RunningServer again = await server.RestartAsync(options => options.RejectedAge = TimeSpan.FromHours(1));
        await Eventually.HoldsAsync(async () => (string)(await AskAsync(again, Summarize, [], again.AdminToken))["droppedRecords"]! == "1");
        Assert.Single((await AskAsync(again, List, [], again.AdminToken))["records"]!.AsArray());
    }

    [Fact]
    public async Task A_uuid_is_looked_up_with_every_time_that_it_was_rejected()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        JsonObject record = server.Record(sku: Missing);
        await server.WriteAsync(token, record);
        await server.WriteAsync(token, record);
        async Task<JsonNode> FindAsync(string by) => Assert.Single((await AskAsync(
            server, LookUp, new JsonObject { ["uuids"] = new JsonArray(record["uuid"]!.ToString().ToUpperInvariant()) }, by))["records"]!.AsArray())!;
        Assert.Equal(("REJECTED", 2), ((string)(await FindAsync(token))["state"]!, (await FindAsync(token))["rejections"]!.AsArray().Count));
        string stranger = await server.TokenAsync("first-customer-gateway");
        Assert.Equal("REJECTED", (string)(await FindAsync(stranger))["state"]!); // the customer of the instance is none
        record["skuId"] = RunningServer.InstanceSku;
        await server.WriteAsync(token, record);
        Assert.Equal(("ACCEPTED", 2), ((string)(await FindAsync(token))["state"]!, (await FindAsync(token))["rejections"]!.AsArray().Count));
    }

    [Fact]
    public async Task What_a_catalog_puts_right_is_counted_once_however_often_it_is_replayed()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        JsonObject lost = server.Record(quantity: 7, sku: Missing), hopeless = server.Record(sku: "nobody-will-ever-declare-it");
        await server.WriteAsync(token, lost, hopeless);
        Assert.Equal("INVALID_SKU_ID REJECTED", await ReplayAsync(server, lost, dryRun: true));
        await server.ApplyAsync(WithSku());
        Assert.Equal(" ACCEPTED", await ReplayAsync(server, lost, dryRun: true));
        Assert.Empty((await server.UsageAsync())["totals"]!.AsArray()); // a dry run only tells
        Assert.Equal(" ACCEPTED", await ReplayAsync(server, lost));
        Assert.Equal(" ALREADY_COUNTED", await ReplayAsync(server, lost));
        Assert.Equal("INVALID_SKU_ID REJECTED", await ReplayAsync(server, hopeless));
        JsonNode total = Assert.Single((await server.UsageAsync())["totals"]!.AsArray())!;
        Assert.Equal((Missing, "7"), ((string)total["skuId"]!, (string)total["quantity"]!));
        Assert.Equal(2, (await AskAsync(server, List, [], token))["records"]!.AsArray().Count); // judging anew rejects nothing anew
        JsonNode found = Assert.Single((await AskAsync(server, LookUp, new JsonObject { ["uuids"] = new JsonArray(lost["uuid"]!.ToString()) }, token))["records"]!.AsArray())!;
        JsonNode replays = (await server.GetAsync("/metering/v1/rejections/replays", server.AdminToken)).Body;
        Assert.Equal((string)Assert.Single(replays["replays"]!.AsArray())!["requestId"]!, (string)found["record"]!["requestId"]!);
        Assert.Equal("acme-reporter", (string)found["record"]!["serviceAccountId"]!); // its first sender
    }

    [Fact]
    public async Task After_the_window_only_a_decision_that_is_kept_counts_it()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        JsonObject lost = server.Record(quantity: 7, sku: Missing);
        await server.WriteAsync(token, lost);
        server.Time.Now += TimeSpan.FromHours(5);
        await server.WriteAsync(token, lost); // a retry, long after
        await server.ApplyAsync(WithSku());
        Assert.Equal("EXPIRED REJECTED", await ReplayAsync(server, lost));
        (HttpStatusCode status, JsonNode body) = await server.PostAsync(Replay, new JsonObject { ["asOfReceipt"] = true }, server.AdminToken);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(["operator", "decision"], body["details"]![0]!["fieldViolations"]!.AsArray().Select(fault => (string)fault!["field"]!));
        Assert.Equal(" ACCEPTED", await ReplayAsync(server, lost, asOf: true));
        JsonNode total = Assert.Single((await server.UsageAsync())["totals"]!.AsArray())!;
        Assert.Equal("7", (string)total["quantity"]!);
        JsonNode replay = Assert.Single((await server.GetAsync("/metering/v1/rejections/replays", server.AdminToken)).Body["replays"]!.AsArray())!;
        Assert.Equal(("ann", "the SKU was forgotten", true), ((string)replay["operator"]!, (string)replay["decision"]!, (bool)replay["asOfReceipt"]!));
    }

    [Fact]
    public async Task Only_the_admin_replays_and_only_a_sender_that_may_still_report_is_counted()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        JsonObject lost = server.Record(sku: Missing);
        await server.WriteAsync(token, lost);
        foreach (string path in new[] { Replay })
            Assert.Equal(HttpStatusCode.Unauthorized, (await server.PostAsync(path, new JsonObject(), token)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await server.GetAsync("/metering/v1/rejections/replays", token)).Status);
        await server.ApplyAsync(WithSku().Replace("roles: [marketplace.meteringAgent]", "roles: []"));
        Assert.Equal("The service account lacks the role marketplace.meteringAgent. NOT_PERMITTED", await ReplayAsync(server, lost));
        Assert.Empty((await server.UsageAsync())["totals"]!.AsArray());
    }

    [Fact]
    public async Task A_decision_has_as_many_characters_as_allowed_and_one_more_is_refused()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        async Task<(HttpStatusCode Status, JsonNode Body)> DecideAsync(int characters) => await server.PostAsync(
            Replay, new JsonObject { ["asOfReceipt"] = true, ["operator"] = "ann", ["decision"] = new string('x', characters) }, server.AdminToken);
        Assert.Equal(HttpStatusCode.OK, (await DecideAsync(Metering.Ledger.Limits.DecisionCharacters)).Status);
        (HttpStatusCode status, JsonNode body) = await DecideAsync(Metering.Ledger.Limits.DecisionCharacters + 1);
        Assert.Equal((HttpStatusCode.BadRequest, "decision has 201 characters; at most 200 are allowed"), (status, (string)body["message"]!));
    }

    [Fact]
    public async Task More_than_are_judged_at_once_come_page_by_page()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        const int Requests = (Metering.Ledger.Limits.ReplayRecords / 25) + 1;
        foreach (int[] some in Enumerable.Range(0, Requests).Chunk(50))
            await Task.WhenAll(some.Select(_ => server.WriteAsync(token, [.. Enumerable.Range(0, 25).Select(_ => server.Record(sku: Missing))])));
        await server.ApplyAsync(WithSku());
        var pages = new List<int>();
        string page = "";
        do
        {
            JsonNode answer = await AskAsync(server, Replay, new JsonObject { ["pageToken"] = page }, server.AdminToken);
            pages.Add(answer["records"]!.AsArray().Count(record => (string)record!["outcome"]! == "ACCEPTED"));
            page = (string)answer["nextPageToken"]!;
        }
        while (page.Length > 0 && pages.Count < 5);
        Assert.Equal([Metering.Ledger.Limits.ReplayRecords, 25], pages);
        Assert.Equal($"{Requests * 25}", (string)Assert.Single((await server.UsageAsync())["totals"]!.AsArray())!["quantity"]!);
    }

    // The sample's catalog with one more SKU.
    private static string WithSku()
    {
        const string Before = "      - id: acme-database-core-hours\n";
        Assert.Contains(Before, SampleCatalog.Yaml);
        int start = SampleCatalog.Yaml.IndexOf(Before, StringComparison.Ordinal);
        int end = SampleCatalog.Yaml.IndexOf("      - id:", start + 1, StringComparison.Ordinal);
        return SampleCatalog.Yaml.Insert(start, SampleCatalog.Yaml[start..end].Replace("acme-database-core-hours", Missing));
    }

    private static async Task<string> ReplayAsync(RunningServer server, JsonObject record, bool dryRun = false, bool asOf = false)
    {
        var request = new JsonObject { ["dryRun"] = dryRun, ["asOfReceipt"] = asOf };
        if (asOf)
            (request["operator"], request["decision"]) = ("ann", "the SKU was forgotten");
        JsonNode answer = await AskAsync(server, Replay, request, server.AdminToken);
        JsonNode replayed = answer["records"]!.AsArray().Single(one => (string)one!["record"]!["uuid"]! == record["uuid"]!.ToString())!;
        return $"{replayed["reason"]} {replayed["outcome"]}";
    }

    private static async Task<string> UuidsAsync(RunningServer server, string token) => string.Concat(
        (await AskAsync(server, List, [], token))["records"]!.AsArray().Select(record => (string)record!["uuid"]!).Order());

    private static async Task<JsonNode> AskAsync(RunningServer server, string path, JsonObject question, string token)
    {
        (HttpStatusCode status, JsonNode body) = await server.PostAsync(path, question, token);
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        return body;
    }
}
