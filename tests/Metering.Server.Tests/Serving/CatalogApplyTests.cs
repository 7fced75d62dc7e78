using System.Net;
using System.Text.Json.Nodes;

namespace Metering.Server.Tests;

/// <summary>A catalog that changes while the server works: what was answered is in force, for requests, tokens and totals.</summary>
public class CatalogApplyTests
{
    private const string ProductUsage = "/marketplace/metering/v1/productUsage/write";
    private const string Storage = "acme-database-storage";
    private const string NewSku = "acme-database-backups";

    private const string StorageText = "      - id: acme-database-storage\n        name: Database storage\n        unit: gbyte*hour\n";
    private const string NewSkuText = "      - id: acme-database-backups\n        name: Database backups\n        unit: gbyte*hour\n";
    private const string ReporterText =
        "  - id: acme-reporter\n    name: Reports the usage of Acme's product instances\n    publisher: acme\n    roles: [marketplace.meteringAgent]\n";

    [Fact]
    public async Task A_new_sku_counts_as_soon_as_the_apply_answers_and_no_write_beside_it_fails()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        using var enough = new CancellationTokenSource();
        int written = 0;
        Task writer = Task.Run(
            async () =>
            {
                while (!enough.IsCancellationRequested)
                {
                    Assert.Equal("ACCEPTED", (await server.WriteAsync(token, server.Record())).Values.Single());
                    Interlocked.Increment(ref written);
                }
            },
            TestContext.Current.CancellationToken);

        const int Applies = 8;
        for (int index = 1; index <= Applies; index++)
        {
            string sku = $"{NewSku}-{index}";
            int before = Volatile.Read(ref written);
            Assert.Equal("INVALID_SKU_ID", (await server.WriteAsync(token, server.Record(sku: sku))).Values.Single());
            JsonNode applied = await server.ApplyAsync(With(StorageText, StorageText + NewSkuText.Replace(NewSku, sku)));
            Assert.Equal((index + 1).ToString(), (string)applied["version"]!);
            Assert.Equal("ACCEPTED", (await server.WriteAsync(token, server.Record(sku: sku))).Values.Single());
            while (Volatile.Read(ref written) == before && !writer.IsCompleted)
                await Task.Delay(1, TestContext.Current.CancellationToken);
        }

        await enough.CancelAsync();
        await writer;
        JsonNode usage = await server.UsageAsync();
        Assert.Equal(Applies + 1, usage["totals"]!.AsArray().Count); // of SKUs that are retired by now, too
        Assert.Equal(written.ToString(), (string)usage["totals"]!.AsArray().Single(total => (string)total!["skuId"]! == RunningServer.InstanceSku)!["records"]!);
    }

    [Theory]
    [InlineData("")] // no longer declared
    [InlineData(StorageText + "        active: false\n")]
    public async Task A_retired_sku_is_refused_at_once_and_its_totals_keep_their_name(string instead)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        Assert.Equal("ACCEPTED", (await server.WriteAsync(token, server.Record(quantity: 7, sku: Storage))).Values.Single());
        await server.ApplyAsync(With(StorageText, instead));
        Assert.Equal("INVALID_SKU_ID", (await server.WriteAsync(token, server.Record(sku: Storage))).Values.Single());
        Assert.Equal("ACCEPTED", (await server.WriteAsync(token, server.Record())).Values.Single());
        JsonNode total = Assert.Single((await server.UsageAsync(new JsonObject { ["skuId"] = Storage }))["totals"]!.AsArray())!;
        Assert.Equal(("acme-database", Storage, "gbyte*hour", "7"),
            ((string)total["productId"]!, (string)total["skuId"]!, (string)total["unit"]!, (string)total["quantity"]!));

        JsonNode restored = await server.ApplyAsync(SampleCatalog.Yaml);
        Assert.Equal(instead.Length == 0 ? "RESTORE" : "CHANGE", (string)restored["changes"]![0]!["action"]!);
        Assert.Equal("ACCEPTED", (await server.WriteAsync(token, server.Record(sku: Storage))).Values.Single());
    }

    [Fact]
    public async Task A_faulty_catalog_changes_nothing_and_every_fault_has_its_place()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        const string Faulty = """
            version: 1
            publishers:
              - id: acme
                nam: Acme
            products:
              - id: acme-database
                publisher: nobody
                name: Acme Database
                metering: sometimes
            """;
        JsonNode answer = await server.ApplyAsync(Faulty);
        Assert.Equal("1", (string)answer["version"]!);
        Assert.Empty(answer["changes"]!.AsArray());
        Assert.Equal(
            [(3, 5), (4, 5), (7, 16), (9, 15)],
            answer["faults"]!.AsArray().Select(fault => ((int)fault!["line"]!, (int)fault["column"]!)));
        Assert.All(answer["faults"]!.AsArray(), fault => Assert.NotEmpty((string)fault!["reason"]!));
        Assert.Equal("1", (string)(await server.GetAsync("/metering/v1/catalog", server.AdminToken)).Body["version"]!);
        string token = await server.TokenAsync("acme-reporter");
        Assert.Equal("ACCEPTED", (await server.WriteAsync(token, server.Record())).Values.Single());
    }

    [Fact]
    public async Task A_dry_run_shows_the_changes_and_makes_none()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        (_, JsonNode answer) = await server.PostAsync(
            "/metering/v1/catalog:apply", new JsonObject { ["yaml"] = With(StorageText, StorageText + NewSkuText), ["dryRun"] = true }, server.AdminToken);
        JsonNode change = Assert.Single(answer["changes"]!.AsArray())!;
        Assert.Equal(("ADD", "sku", NewSku, "1", true),
            ((string)change["action"]!, (string)change["kind"]!, (string)change["id"]!, (string)answer["version"]!, (bool)answer["dryRun"]!));
        Assert.Equal("INVALID_SKU_ID", (await server.WriteAsync(await server.TokenAsync("acme-reporter"), server.Record(sku: NewSku))).Values.Single());
    }

    [Fact]
    public async Task When_an_account_goes_its_tokens_stop_at_once_and_come_back_with_it()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, token));
        await server.ApplyAsync(With(ReporterText, ""));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(server, token));
        (HttpStatusCode status, _) = await server.PostAsync(
            "/iam/v1/tokens:createForServiceAccount", new JsonObject { ["serviceAccountId"] = "acme-reporter" }, server.AdminToken);
        Assert.Equal(HttpStatusCode.NotFound, status);
        await server.ApplyAsync(SampleCatalog.Yaml);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, token));
    }

    [Fact]
    public async Task A_role_that_is_taken_away_is_missed_at_once()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        await server.ApplyAsync(With(ReporterText, ReporterText.Replace("[marketplace.meteringAgent]", "[]")));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(server, token));
    }

    [Fact]
    public async Task When_a_key_is_deleted_its_tokens_stop_at_once_and_for_good()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        (string keyId, string jwt) = await RegisterKeyAsync(server);
        (_, JsonNode issued) = await server.PostAsync("/iam/v1/tokens", new JsonObject { ["jwt"] = jwt }, token: null);
        string token = (string)issued["iamToken"]!;
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, token));

        Assert.Equal(HttpStatusCode.Unauthorized, (await server.DeleteAsync($"/metering/v1/keys/{keyId}", token)).Status);
        Assert.Equal(HttpStatusCode.OK, (await server.DeleteAsync($"/metering/v1/keys/{keyId}", server.AdminToken)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(server, token));
        Assert.Equal(HttpStatusCode.Unauthorized, (await server.PostAsync("/iam/v1/tokens", new JsonObject { ["jwt"] = jwt }, token: null)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await server.DeleteAsync($"/metering/v1/keys/{keyId}", server.AdminToken)).Status);
        await server.ApplyAsync(SampleCatalog.Yaml);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(server, token));
    }

    [Fact]
    public async Task A_restart_keeps_catalog_keys_tokens_revocations_and_totals()
    {
        RunningServer first = await RunningServer.StartAsync();
        await first.ApplyAsync(With(StorageText, NewSkuText));
        (string keyId, string jwt) = await RegisterKeyAsync(first);
        string token = await first.TokenAsync("acme-reporter"), revoked = await first.TokenAsync("acme-reporter");
        await first.PostAsync("/iam/v1/tokens:revoke", new JsonObject { ["iamToken"] = revoked }, token: null);
        await first.WriteAsync(token, first.Record(quantity: 5, sku: NewSku), first.Record("bad"));
        JsonNode usage = await first.UsageAsync(), catalog = (await first.GetAsync("/metering/v1/catalog", first.AdminToken)).Body;
        string admin = first.AdminToken;

        await using RunningServer again = await first.RestartAsync();
        Assert.Equal(admin, again.AdminToken);
        Assert.Equal(usage.ToJsonString(), (await again.UsageAsync()).ToJsonString());
        Assert.Equal(catalog.ToJsonString(), (await again.GetAsync("/metering/v1/catalog", admin)).Body.ToJsonString());
        Assert.Equal(HttpStatusCode.OK, (await again.PostAsync("/iam/v1/tokens", new JsonObject { ["jwt"] = jwt }, token: null)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(again, revoked));
        Assert.Equal("ACCEPTED", (await again.WriteAsync(token, again.Record(sku: NewSku))).Values.Single());
        Assert.Equal("INVALID_SKU_ID", (await again.WriteAsync(token, again.Record(sku: Storage))).Values.Single());
        Assert.Equal(HttpStatusCode.OK, (await again.DeleteAsync($"/metering/v1/keys/{keyId}", admin)).Status);
    }

    private static string With(string text, string instead)
    {
        Assert.Contains(text, SampleCatalog.Yaml);
        return SampleCatalog.Yaml.Replace(text, instead);
    }

    private static async Task<HttpStatusCode> StatusAsync(RunningServer server, string token) => (await server.PostAsync(
        ProductUsage,
        new JsonObject { ["productInstanceId"] = RunningServer.Instance, ["usageRecords"] = new JsonArray(server.Record()) },
        token)).Status;

    private static async Task<(string KeyId, string Jwt)> RegisterKeyAsync(RunningServer server)
    {
        (HttpStatusCode status, JsonNode key) = await server.PostAsync(
            "/metering/v1/keys",
            new JsonObject { ["serviceAccountId"] = "acme-reporter", ["keyAlgorithm"] = "RSA_2048", ["publicKey"] = TestKeys.First.PublicPem() },
            server.AdminToken);
        Assert.True(status == HttpStatusCode.OK, key.ToJsonString());
        string keyId = (string)key["keyId"]!;
        long now = server.Time.GetUtcNow().ToUnixTimeSeconds();
        return (keyId, IdentityFixture.Sign(
            new JsonObject { ["alg"] = "PS256", ["typ"] = "JWT", ["kid"] = keyId },
            new JsonObject { ["iss"] = "acme-reporter", ["aud"] = IdentityFixture.PublicAudience, ["iat"] = now, ["exp"] = now + 3600 }));
    }
}
