using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Metering.Server.Tests;

/// <summary>Every refusal over REST: its HTTP status, its code, and a body that says what, where and what to do.</summary>
public class RestErrorTests
{
    private const string ProductUsage = "/marketplace/metering/v1/productUsage/write";

    public static TheoryData<string, string> Malformed => new()
    {
        { "{", "malformed JSON at line 1, position 2: " },
        { "{\"productInstanceId\": \"x\",\n  oops}", "malformed JSON at line 2, position 3: " },
        { "{}{}", "malformed JSON at line 1, position 3: " },
        { "[]", "an array is not an object of yandex.cloud.marketplace.metering.v1.WriteUsageRequest" },
        { "{\"usageRecords\": {}}", "usageRecords: an object is not an array" },
        { "{\"usageRecords\": [{}, 7]}", "usageRecords[1]: 7 is not an object of yandex.cloud.marketplace.metering.v1.UsageRecord" },
        { "{\"productInstanceId\": 7}", "productInstanceId: 7 is not a string" },
        { "{\"dryRun\": \"perhaps\"}", "dryRun: \"perhaps\" is not a bool" },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task Malformed_json_is_named_by_line_and_position_or_by_field(string body, string words)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        JsonNode answer = await AssertErrorAsync(server, await server.PostAsync(ProductUsage, body, await server.TokenAsync("acme-reporter")), 400, 3);
        Assert.StartsWith(words, (string)answer["message"]!);
    }

    [Theory]
    [InlineData(null, "no token: send the header 'authorization: Bearer <IAM token>'")]
    [InlineData("Basic YWRtaW46YWRtaW4=", "the authorization header is not of the form 'Bearer <IAM token>'")]
    [InlineData("Bearer not-a-token", "the IAM token is not valid: it was not issued by this server, or was altered")]
    public async Task Who_is_not_known_gets_401(string? authorization, string words)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, server.Rest + ProductUsage) { Content = new StringContent("{}") };
        if (authorization is not null)
            request.Headers.TryAddWithoutValidation("authorization", authorization);
        JsonNode answer = await AssertErrorAsync(server, request, 401, 16);
        Assert.Equal(words, (string)answer["message"]!);
        Assert.Empty(answer["details"]!.AsArray());
    }

    [Fact]
    public async Task An_expired_token_gets_401_and_is_told_so()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        server.Time.Now += TimeSpan.FromHours(12);
        JsonNode answer = await AssertErrorAsync(server, await server.PostAsync(ProductUsage, "{}", token), 401, 16);
        Assert.Equal("the IAM token has expired: exchange the authorized key for a new one", (string)answer["message"]!);
    }

    [Fact]
    public async Task A_path_that_nothing_serves_gets_404()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        foreach (string path in new[] { "/", "/marketplace/metering/v2/productUsage/write", ProductUsage + "/", "/metering/v1/keys" + new string('x', 500) })
        {
            JsonNode answer = await AssertErrorAsync(server, await server.PostAsync(path, "{}", token: null), 404, 5);
            Assert.StartsWith($"There is nothing at {path[..Math.Min(path.Length, 100)]}", (string)answer["message"]!);
        }
    }

    [Theory]
    [InlineData("GET", ProductUsage, "POST")]
    [InlineData("PUT", ProductUsage, "POST")]
    [InlineData("DELETE", "/iam/v1/tokens", "POST")]
    [InlineData("POST", "/endpoints", "GET")]
    [InlineData("GET", "/metering/v1/keys/some-key", "DELETE")]
    public async Task Another_http_method_gets_405_and_is_told_which_to_use(string method, string path, string allowed)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), server.Rest + path);
        using HttpResponseMessage answer = await server.Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        Assert.Equal([allowed], answer.Content.Headers.Allow);
        JsonNode body = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        Assert.Equal((12, $"{method} is not possible here; use {allowed}"), ((int)body["code"]!, (string)body["message"]!));
    }

    [Fact]
    public async Task A_body_beyond_the_limit_gets_429_before_it_is_read()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        string body = "{\"padding\": \"" + new string(' ', Ledger.Limits.WriteMessageBytes) + "\"}";
        JsonNode answer = await AssertErrorAsync(server, await server.PostAsync(ProductUsage, body, token), 429, 8);
        Assert.Contains("65536 bytes", (string)answer["message"]!);
    }

    [Fact]
    public async Task A_compressed_body_gets_415()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, server.Rest + ProductUsage) { Content = new StringContent("{}") };
        request.Content.Headers.ContentEncoding.Add("br");
        await AssertErrorAsync(server, request, 415, 12);
    }

    [Fact]
    public async Task Every_field_at_fault_is_in_the_details_of_a_400()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        JsonNode answer = await AssertErrorAsync(server, await server.PostAsync(ProductUsage, "", await server.TokenAsync("acme-reporter")), 400, 3);
        Assert.Equal("product_instance_id is required; usage_records has 0 records; 1 to 25 are allowed", (string)answer["message"]!);
        Assert.Equal(
            """
            [{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"product_instance_id","description":"is required"},{"field":"usage_records","description":"has 0 records; 1 to 25 are allowed"}]}]
            """.Trim(),
            Plain(answer["details"]!));
    }

    private static async Task<JsonNode> AssertErrorAsync(RunningServer server, HttpRequestMessage request, int http, int code)
    {
        using HttpResponseMessage answer = await server.Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
        return await AssertErrorAsync(server, (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!), http, code);
    }

    // Code, message and details, always, and nothing else; the server goes on.
    private static async Task<JsonNode> AssertErrorAsync(RunningServer server, (HttpStatusCode Status, JsonNode Body) answer, int http, int code)
    {
        Assert.Equal((http, code), ((int)answer.Status, (int)answer.Body["code"]!));
        Assert.Equal(["code", "message", "details"], answer.Body.AsObject().Select(member => member.Key));
        Assert.NotEmpty((string)answer.Body["message"]!);
        Assert.Equal(HttpStatusCode.OK, (await server.GetAsync("/readyz")).Status);
        return answer.Body;
    }

    private static string Plain(JsonNode node) =>
        Encoding.UTF8.GetString(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(node));
}
