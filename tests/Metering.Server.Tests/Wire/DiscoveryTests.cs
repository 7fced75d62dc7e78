using System.Net;
using System.Text.Json.Nodes;

namespace Metering.Server.Tests;

/// <summary>What clients ask before and beside their writes: endpoints, health, the id of a request.</summary>
public class DiscoveryTests
{
    private const string ProductUsage = "/marketplace/metering/v1/productUsage/write";

    [Fact]
    public async Task Each_endpoint_is_listed_once_at_the_advertised_address_to_anybody()
    {
        await using RunningServer server = await RunningServer.StartAsync(options => options.Advertise = "metering.example.org:443");
        (HttpStatusCode status, JsonNode list) = await server.GetAsync("/endpoints");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(
            [("marketplace", "metering.example.org:443"), ("iam", "metering.example.org:443"), ("endpoint", "metering.example.org:443")],
            list["endpoints"]!.AsArray().Select(one => ((string)one!["id"]!, (string)one["address"]!)));
        Assert.Equal("", (string)list["nextPageToken"]!);
        foreach (string id in new[] { "marketplace", "iam", "endpoint" })
            Assert.Equal($$"""{"id":"{{id}}","address":"metering.example.org:443"}""", (await server.GetAsync("/endpoints/" + id)).Body.ToJsonString());
        Assert.Equal(3, (await server.GetAsync("/endpoints?pageSize=1000&pageToken=")).Body["endpoints"]!.AsArray().Count);
    }

    [Fact]
    public async Task Without_an_advertised_address_clients_are_told_a_port_that_was_bound()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        Assert.Equal($"localhost:{server.Server.Facts.Listening.Grpc!.Port}", (string)(await server.GetAsync("/endpoints/iam")).Body["address"]!);
    }

    [Fact]
    public async Task An_unknown_endpoint_is_not_found()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        (HttpStatusCode status, JsonNode body) = await server.GetAsync("/endpoints/compute");
        Assert.Equal(
            (HttpStatusCode.NotFound, 5, "There is no endpoint 'compute'; there are marketplace, iam, endpoint."),
            (status, (int)body["code"]!, (string)body["message"]!));
    }

    [Theory]
    [InlineData("/healthz")]
    [InlineData("/readyz")]
    public async Task Alive_and_ready_are_asked_without_a_token(string path)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        (HttpStatusCode status, JsonNode body) = await server.GetAsync(path);
        Assert.Equal((HttpStatusCode.OK, "Healthy"), (status, (string)body!));
    }

    [Theory]
    [InlineData("GET", "/endpoints")]
    [InlineData("POST", ProductUsage)] // refused
    [InlineData("GET", "/no/such/path")]
    [InlineData("GET", "/readyz")]
    public async Task Every_answer_has_a_request_id_of_its_own_and_echoes_the_clients(string method, string path)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        (string first, string? none) = await IdsAsync(server, method, path, null);
        (string second, string? echo) = await IdsAsync(server, method, path, "my-request-7");
        Assert.True(Ledger.RecordUuid.TryParse(System.Text.Encoding.ASCII.GetBytes(first), out _), first);
        Assert.NotEqual(first, second);
        Assert.Equal((null, "my-request-7"), (none, echo));
    }

    [Fact]
    public async Task A_client_id_that_no_header_should_carry_is_not_echoed_and_harms_nothing()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        foreach (string id in new[] { new string('x', 129), "caf\u00e9", "tab\there" })
            Assert.Null((await IdsAsync(server, "GET", "/endpoints", id)).Client);
        Assert.Equal(new string('x', 128), (await IdsAsync(server, "GET", "/endpoints", new string('x', 128))).Client);
    }

    private static async Task<(string Server, string? Client)> IdsAsync(RunningServer server, string method, string path, string? clientId)
    {
        // Text beyond ASCII goes out as UTF-8, as other clients send it.
        using var handler = new SocketsHttpHandler { RequestHeaderEncodingSelector = (_, _) => System.Text.Encoding.UTF8 };
        using var http = new HttpClient(handler);
        using var request = new HttpRequestMessage(new HttpMethod(method), server.Rest + path);
        if (clientId is not null)
            request.Headers.TryAddWithoutValidation("x-client-request-id", clientId);
        using HttpResponseMessage answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.True((int)answer.StatusCode < 500, $"{method} {path}: {answer.StatusCode}");
        return (answer.Headers.GetValues("x-request-id").Single(),
            answer.Headers.TryGetValues("x-client-request-id", out IEnumerable<string>? echo) ? echo.Single() : null);
    }
}
