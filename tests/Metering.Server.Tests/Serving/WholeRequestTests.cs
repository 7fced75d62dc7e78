using System.Net;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Metering.Ledger;
using Yandex.Cloud.Marketplace.Metering.V1;
using Older = Yandex.Cloud.Marketplace.V1.Metering;

namespace Metering.Server.Tests;

/// <summary>Answers about a whole request: who may write what, and what form a request has.</summary>
public class WholeRequestTests
{
    private const string ProductUsage = "/marketplace/metering/v1/productUsage/write";
    private const string ImageUsage = "/marketplace/metering/v1/imageProductUsage/write";
    private const string OlderImageUsage = "/marketplace/v1/metering/imageProductUsage/write";

    // The sample catalog, with one of everything that is not in order.
    private static readonly string Catalog = SampleCatalog.Yaml
        .Replace("customers:\n", "  - id: other\n    name: Other Software\n\ncustomers:\n  - billing_account: suspended0customer\n    name: Suspended\n    status: suspended\n")
        .Replace("instances:\n", """
              - id: other-product
                publisher: other
                name: Other Product
                metering: instance
                skus:
                  - id: other-sku
                    name: Other
                    unit: piece

            instances:
              - id: other-instance
                product: other-product
                customer: dn2first0customer
              - id: inactive-instance
                product: acme-database
                customer: dn2first0customer
                active: false
              - id: suspended-instance
                product: acme-database
                customer: suspended0customer

            """.Replace("\n            ", "\n"))
        .Replace("service_accounts:\n", """
            service_accounts:
              - id: no-role
                name: Without the role
                publisher: acme
                roles: []
              - id: suspended-gateway
                name: Of the suspended customer
                customer: suspended0customer
                roles: [marketplace.meteringAgent]

            """);

    public static TheoryData<string, string, string, string> Forbidden => new()
    {
        { "no-role", ProductUsage, RunningServer.Instance, "The service account lacks the role marketplace.meteringAgent." },
        { "acme-reporter", ProductUsage, "no-such-instance", "The product instance does not exist, is not active, or belongs to another publisher's product." },
        { "acme-reporter", ProductUsage, "other-instance", "The product instance does not exist, is not active, or belongs to another publisher's product." },
        { "acme-reporter", ProductUsage, "inactive-instance", "The product instance does not exist, is not active, or belongs to another publisher's product." },
        { "acme-reporter", ProductUsage, "suspended-instance", "The customer's billing account is suspended." },
        { "first-customer-gateway", ProductUsage, RunningServer.Instance, "Usage of product instances is reported with a service account of the publisher." },
        { "acme-reporter", ImageUsage, RunningServer.ImageProduct, "Usage of image products is reported with a service account of the customer." },
        { "suspended-gateway", ImageUsage, RunningServer.ImageProduct, "The customer's billing account is suspended." },
        { "suspended-gateway", OlderImageUsage, RunningServer.ImageProduct, "The customer's billing account is suspended." },
    };

    [Theory]
    [MemberData(nameof(Forbidden))]
    public async Task Who_may_not_write_is_denied_and_nothing_is_counted(string account, string path, string target, string message)
    {
        await using RunningServer server = await StartAsync();
        (HttpStatusCode status, JsonNode body) = await server.PostAsync(path, Request(server, path, target), await server.TokenAsync(account));
        Assert.Equal(HttpStatusCode.Forbidden, status);
        Assert.Equal(7, (int)body["code"]!);
        Assert.Equal(message, (string)body["message"]!);
        (_, JsonNode usage) = await server.PostAsync("/metering/v1/usage:query", new JsonObject(), server.AdminToken);
        Assert.Empty(usage["totals"]!.AsArray());
    }

    [Fact]
    public async Task Unknown_foreign_and_inactive_instances_are_answered_alike()
    {
        await using RunningServer server = await StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        var answers = new HashSet<string>();
        var suspended = new HashSet<string>();
        foreach (string instance in new[] { "no-such-instance", "other-instance", "inactive-instance", "suspended-instance" })
        {
            (HttpStatusCode rest, JsonNode body) = await server.PostAsync(ProductUsage, Request(server, ProductUsage, instance), token);
            (int grpc, string words, byte[] message) = await server.CallAsync(
                "/yandex.cloud.marketplace.metering.v1.ProductUsageService/Write", new WriteUsageRequest { ProductInstanceId = instance }.ToByteArray(), token);
            (instance == "suspended-instance" ? suspended : answers).Add($"{rest} {body.ToJsonString()} {grpc} {words} {message.Length}");
        }

        Assert.Single(answers);
        Assert.NotEqual(answers, suspended); // control: another reason is another answer
    }

    [Theory]
    [InlineData(ProductUsage, "product_instance_id")]
    [InlineData(ImageUsage, "product_id")]
    [InlineData(OlderImageUsage, "product_id")]
    public async Task Every_fault_of_form_is_named(string path, string field)
    {
        await using RunningServer server = await StartAsync();
        string token = await server.TokenAsync(path == ProductUsage ? "acme-reporter" : "first-customer-gateway");

        JsonNode nothing = (await server.PostAsync(path, "{}", token)).Body;
        Assert.Equal(3, (int)nothing["code"]!);
        Assert.Equal("type.googleapis.com/google.rpc.BadRequest", (string)nothing["details"]![0]!["@type"]!);
        Assert.Equal(
            [(field, "is required"), ("usage_records", "has 0 records; 1 to 25 are allowed")],
            Violations(nothing));

        JsonObject tooLong = Request(server, path, new string('ж', Limits.IdCharacters + 1));
        (HttpStatusCode status, JsonNode body) = await server.PostAsync(path, tooLong, token);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal([(field, "has 51 characters; at most 50 are allowed")], Violations(body));

        JsonObject tooMany = Request(server, path, path == ProductUsage ? RunningServer.Instance : RunningServer.ImageProduct);
        tooMany["usageRecords"] = new JsonArray([.. Enumerable.Range(0, Limits.RecordsPerWrite + 1).Select(_ => server.Record())]);
        Assert.Equal([("usage_records", "has 26 records; 1 to 25 are allowed")], Violations((await server.PostAsync(path, tooMany, token)).Body));
    }

    [Fact]
    public async Task Usage_of_an_image_is_booked_to_the_caller_through_both_packages()
    {
        await using RunningServer server = await StartAsync();
        string first = await server.TokenAsync("first-customer-gateway"), second = await server.TokenAsync("second-customer-gateway");
        async Task Write(string path, string token, long quantity)
        {
            JsonObject request = Request(server, path, RunningServer.ImageProduct, quantity);
            Assert.Equal("ACCEPTED", RunningServer.Verdicts(await server.PostAsync(path, request, token)).Values.Single());
        }

        await Write(ImageUsage, first, 3);
        await Write(OlderImageUsage, first, 4);
        await Write(OlderImageUsage, second, 50);
        (_, JsonNode usage) = await server.PostAsync("/metering/v1/usage:query", new JsonObject(), server.AdminToken);
        Assert.Equal(
            [("dn2first0customer", "7", "2"), ("dn2second0customer", "50", "1")],
            usage["totals"]!.AsArray().Select(total => ((string)total!["billingAccountId"]!, (string)total["quantity"]!, (string)total["records"]!)));
    }

    [Theory]
    [InlineData("no-such-product")]
    [InlineData("acme-database")] // metered by instance, not by image
    public async Task An_unknown_product_is_a_verdict_not_a_refusal(string product)
    {
        await using RunningServer server = await StartAsync();
        string token = await server.TokenAsync("first-customer-gateway");
        Assert.Equal("INVALID_PRODUCT_ID", RunningServer.Verdicts(await server.PostAsync(ImageUsage, Request(server, ImageUsage, product), token)).Values.Single());
    }

    [Fact]
    public async Task The_three_methods_answer_over_grpc_too()
    {
        await using RunningServer server = await StartAsync();
        var record = new Yandex.Cloud.Marketplace.Metering.V1.UsageRecord
        {
            Uuid = Guid.NewGuid().ToString(),
            SkuId = RunningServer.InstanceSku,
            Quantity = 1,
            Timestamp = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(server.Time.GetUtcNow()),
        };
        string publisher = await server.TokenAsync("acme-reporter"), customer = await server.TokenAsync("first-customer-gateway");
        (int status, _, WriteUsageResponse? product) = await server.CallAsync<WriteUsageResponse>(
            "/yandex.cloud.marketplace.metering.v1.ProductUsageService/Write",
            new WriteUsageRequest { ProductInstanceId = RunningServer.Instance, UsageRecords = { record } },
            publisher);
        Assert.Equal((0, record.Uuid), (status, product!.Accepted.Single().Uuid));

        var older = new Older.UsageRecord { Uuid = record.Uuid, SkuId = RunningServer.ImageSku, Quantity = 1, Timestamp = record.Timestamp };
        (_, _, Older.WriteImageProductUsageResponse? image) = await server.CallAsync<Older.WriteImageProductUsageResponse>(
            "/yandex.cloud.marketplace.v1.metering.ImageProductUsageService/Write",
            new Older.WriteImageProductUsageRequest { ProductId = RunningServer.ImageProduct, UsageRecords = { older } },
            customer);
        Assert.Equal(Older.RejectedUsageRecord.Types.Reason.Duplicate, image!.Rejected.Single().Reason);

        (int denied, string words, _) = await server.CallAsync<WriteUsageResponse>(
            "/yandex.cloud.marketplace.metering.v1.ProductUsageService/Write", new WriteUsageRequest { ProductInstanceId = "x" }, customer);
        Assert.Equal((7, "Usage of product instances is reported with a service account of the publisher."), (denied, words));
    }

    [Fact]
    public async Task A_token_stops_working_at_once_when_it_is_revoked_or_its_key_goes()
    {
        await using RunningServer server = await StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync(ProductUsage, Request(server, ProductUsage, RunningServer.Instance), token)).Status);
        (_, JsonNode revoked) = await server.PostAsync("/iam/v1/tokens:revoke", new JsonObject { ["iamToken"] = token }, token: null);
        Assert.Equal("acme-reporter", (string)revoked["subjectId"]!);
        (HttpStatusCode status, JsonNode body) = await server.PostAsync(ProductUsage, Request(server, ProductUsage, RunningServer.Instance), token);
        Assert.Equal((HttpStatusCode.Unauthorized, 16), (status, (int)body["code"]!));
    }

    [Fact]
    public async Task Administration_needs_the_admin_token()
    {
        await using RunningServer server = await StartAsync();
        string account = await server.TokenAsync("acme-reporter");
        foreach (string? token in new[] { null, account, "mma_wrong" })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await server.GetAsync("/metering/v1/catalog", token)).Status);
            Assert.Equal(HttpStatusCode.Unauthorized, (await server.PostAsync("/metering/v1/archives", "{}", token)).Status);
            Assert.Equal(HttpStatusCode.Unauthorized, (await server.PostAsync("/metering/v1/catalog:apply", "{}", token)).Status);
        }

        Assert.Equal(HttpStatusCode.OK, (await server.GetAsync("/metering/v1/catalog", server.AdminToken)).Status);
    }

    private static Task<RunningServer> StartAsync() => RunningServer.StartAsync(catalogYaml: Catalog);

    private static JsonObject Request(RunningServer server, string path, string target, long quantity = 1) => new()
    {
        [path == ProductUsage ? "productInstanceId" : "productId"] = target,
        ["usageRecords"] = new JsonArray(server.Record(quantity: quantity, sku: path == ProductUsage ? RunningServer.InstanceSku : RunningServer.ImageSku)),
    };

    private static IEnumerable<(string, string)> Violations(JsonNode body) =>
        body["details"]![0]!["fieldViolations"]!.AsArray().Select(one => ((string)one!["field"]!, (string)one["description"]!));
}
