using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Metering.Server;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>A whole server over a schema, with a data directory of its own and the sample catalog.</summary>
internal sealed class Node(MeteringServer server, string folder) : IAsyncDisposable
{
    private readonly HttpClient _grpc = new() { BaseAddress = new Uri($"http://{server.Facts.Listening.Grpc}") };
    private readonly HttpClient _http = new() { BaseAddress = new Uri($"http://{server.Facts.Listening.Http}") };

    /// <summary>Where it answers gRPC.</summary>
    public string Address => $"http://{server.Facts.Listening.Grpc}";

    public string AdminTokenFile => server.Facts.AdminTokenFile;

    public string AdminToken => File.ReadAllText(server.Facts.AdminTokenFile).Trim();

    public static Task<Node> StartAsync(SchemaPlace place) =>
        StartAsync($"{place.Server.Connection()};Search Path={place.Schema}");

    public static async Task<Node> StartAsync(string connection)
    {
        string folder = Directory.CreateTempSubdirectory("metering-node-").FullName;
        var options = new ServerOptions
        {
            Data = folder,
            Store = $"postgres: {connection}",
            Catalog = Checkout.PathOf("samples/catalog.yaml"),
            ListenHttp = new IPEndPoint(IPAddress.Loopback, 0),
            ListenGrpc = new IPEndPoint(IPAddress.Loopback, 0),
            ListenHttps = null,
        };
        try
        {
            return new Node(await Program.StartAsync(options, TimeProvider.System, TestLedger.Stop), folder);
        }
        catch
        {
            Directory.Delete(folder, recursive: true);
            throw;
        }
    }

    public async Task<JsonNode> PostAsync(string path, string token, JsonNode body)
    {
        using HttpResponseMessage answer = await SendAsync(path, token, body);
        string text = await answer.Content.ReadAsStringAsync(TestLedger.Stop);
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }

    public Task<JsonNode> WriteAsync(string token, string uuid, string sku = "acme-database-core-hours") =>
        PostAsync("/marketplace/metering/v1/productUsage/write", token, Usage(uuid, sku));

    /// <summary>A token of the sample's account.</summary>
    public async Task<string> TokenAsync() => (string)(await PostAsync(
        "/iam/v1/tokens:createForServiceAccount", AdminToken, new JsonObject { ["serviceAccountId"] = "acme-reporter" }))["iamToken"]!;

    public async Task<HttpStatusCode> WriteStatusAsync(string token, string uuid)
    {
        using HttpResponseMessage answer = await SendAsync("/marketplace/metering/v1/productUsage/write", token, Usage(uuid));
        return answer.StatusCode;
    }

    public async Task<HttpStatusCode> GetStatusAsync(string path)
    {
        using HttpResponseMessage answer = await _http.GetAsync(path, TestLedger.Stop);
        return answer.StatusCode;
    }

    // The one field of the answer, after the message's length: a number.
    public async Task<int> CheckAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/grpc.health.v1.Health/Check")
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(new byte[5]),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        using HttpResponseMessage answer = await _grpc.SendAsync(request, TestLedger.Stop);
        return (await answer.Content.ReadAsByteArrayAsync(TestLedger.Stop))[^1];
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _grpc.Dispose();
        await server.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    public async Task<string> GetAsync(string path, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using HttpResponseMessage answer = await _http.SendAsync(request, TestLedger.Stop);
        return await answer.Content.ReadAsStringAsync(TestLedger.Stop);
    }

    public async Task<HttpResponseMessage> SendAsync(string path, string token, JsonNode body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await _http.SendAsync(request, TestLedger.Stop);
    }

    private static JsonObject Usage(string uuid, string sku = "acme-database-core-hours") => new()
    {
        ["productInstanceId"] = "acme-database-first",
        ["usageRecords"] = new JsonArray(new JsonObject
        {
            ["uuid"] = uuid,
            ["skuId"] = sku,
            ["quantity"] = 1,
            ["timestamp"] = $"{TimeProvider.System.GetUtcNow():O}",
        }),
    };
}
