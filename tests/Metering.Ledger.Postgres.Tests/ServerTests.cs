using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Metering.Server;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>Whole servers over one database, each with its own data directory.</summary>
public sealed class ServerTests
{
    private const int Serving = 1; // of grpc.health.v1

    [Fact]
    public async Task Servers_over_one_database_have_one_catalog_one_admin_token_and_each_others_tokens()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        await using Node first = await Node.StartAsync(place), second = await Node.StartAsync(place);
        Assert.Equal(first.AdminToken, second.AdminToken);

        // The sample's account exists on the second node too, though nobody gave it a catalog.
        string token = (string)(await first.PostAsync(
            "/iam/v1/tokens:createForServiceAccount", first.AdminToken, new JsonObject { ["serviceAccountId"] = "acme-reporter" }))["iamToken"]!;
        string uuid = "11111111-2222-4333-8444-555555555555";
        Assert.Equal(uuid, (string)(await second.WriteAsync(token, uuid))["accepted"]![0]!["uuid"]!);
        Assert.Equal("DUPLICATE", (string)(await first.WriteAsync(token, uuid))["rejected"]![0]!["reason"]!);

        // What one node applies is in force on the other.
        string yaml = await File.ReadAllTextAsync(Checkout.PathOf("samples/catalog.yaml"), TestLedger.Stop);
        string renamed = yaml.Replace("name: Acme", "name: Acme the Second");
        Assert.NotEqual(yaml, renamed);
        await first.PostAsync("/metering/v1/catalog:apply", first.AdminToken, new JsonObject { ["yaml"] = renamed });
        while (!(await second.GetAsync("/metering/v1/catalog", first.AdminToken)).Contains("Acme the Second"))
            await Task.Delay(10, TestLedger.Stop);

        // Revoked here, refused there.
        await first.PostAsync("/iam/v1/tokens:revoke", token, new JsonObject { ["iamToken"] = token });
        while (await second.WriteStatusAsync(token, uuid) != HttpStatusCode.Unauthorized)
            await Task.Delay(10, TestLedger.Stop);
    }

    [Fact]
    public async Task Readiness_follows_the_database_and_the_server_outlives_it()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await using SchemaPlace place = SchemaPlace.Make(server);
        await using Node node = await Node.StartAsync(place);
        Assert.Equal(HttpStatusCode.OK, await node.GetStatusAsync("/readyz"));
        Assert.Equal(Serving, await node.CheckAsync());
        await server.StopAtOnceAsync();
        while (await node.GetStatusAsync("/readyz") == HttpStatusCode.OK || await node.CheckAsync() == Serving)
            await Task.Delay(10, TestLedger.Stop);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await node.GetStatusAsync("/readyz"));
        Assert.Equal(HttpStatusCode.OK, await node.GetStatusAsync("/healthz"));
        using (HttpResponseMessage query = await node.SendAsync("/metering/v1/usage:query", node.AdminToken, new JsonObject()))
            Assert.Equal(HttpStatusCode.ServiceUnavailable, query.StatusCode);
        await server.StartAgainAsync();
        while (await node.GetStatusAsync("/readyz") != HttpStatusCode.OK || await node.CheckAsync() != Serving)
            await Task.Delay(10, TestLedger.Stop);
    }

    [Fact]
    public async Task A_database_that_cannot_be_used_keeps_the_server_from_starting_with_a_sentence_without_the_password()
    {
        const string Password = "correct-horse-battery";
        PostgresServer server = await PostgresServer.SharedAsync();
        StartException fault = await Assert.ThrowsAsync<StartException>(
            () => Node.StartAsync($"Host={server.Host};Username=postgres;Database=nowhere;Password={Password}"));
        Assert.Contains("there is no such database", fault.Message);
        Assert.DoesNotContain(Password, fault.ToString());
    }

    private sealed class Node(MeteringServer server, string folder) : IAsyncDisposable
    {
        private readonly HttpClient _grpc = new() { BaseAddress = new Uri($"http://{server.Facts.Listening.Grpc}") };
        private readonly HttpClient _http = new() { BaseAddress = new Uri($"http://{server.Facts.Listening.Http}") };

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

        public Task<JsonNode> WriteAsync(string token, string uuid) => PostAsync("/marketplace/metering/v1/productUsage/write", token, Usage(uuid));

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

        private static JsonObject Usage(string uuid) => new()
        {
            ["productInstanceId"] = "acme-database-first",
            ["usageRecords"] = new JsonArray(new JsonObject
            {
                ["uuid"] = uuid,
                ["skuId"] = "acme-database-core-hours",
                ["quantity"] = 1,
                ["timestamp"] = $"{TimeProvider.System.GetUtcNow():O}",
            }),
        };
    }
}
