using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Metering.Server;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>Clients of a server notice nothing of a move but the pause.</summary>
public sealed class ServedAfterMoveTests
{
    private const string KeyId = "moved-key";
    private const string Uuid = "11111111-2222-4333-8444-555555555555";

    [Fact]
    public async Task Keys_and_tokens_from_before_the_move_are_good_and_what_was_counted_is_a_duplicate()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        string folder = Directory.CreateTempSubdirectory("metering-move-").FullName;
        try
        {
            string old = Path.Combine(folder, "old");
            string connection = $"{place.Server.Connection()};Search Path={place.Schema}";
            using RSA key = RSA.Create(2048);
            string admin, iamToken, revoked;
            await using (MeteringServer server = await StartAsync(old, ServerOptions.EmbeddedStore, Checkout.PathOf("samples/catalog.yaml")))
            {
                admin = await File.ReadAllTextAsync(server.Facts.AdminTokenFile, TestLedger.Stop);
                iamToken = await ExchangeAsync(server, admin);
                revoked = await ExchangeAsync(server, admin);
                await RegisterAsync(server, admin, key);
                (await PostAsync(server, "/iam/v1/tokens:revoke", revoked, new JsonObject { ["iamToken"] = revoked })).EnsureSuccessStatusCode();
                Assert.Equal(Uuid, (string)(await WriteAsync(server, iamToken))["accepted"]![0]!["uuid"]!);

                // Not while it is served.
                StartException fault = await Assert.ThrowsAsync<StartException>(
                    () => Program.MigrateAsync(new MigrationOptions(old, connection), new Moves.Progress(), TestLedger.Stop));
                Assert.Contains($"in use by another server (process {Environment.ProcessId})", fault.Message);
            }

            Assert.Empty((await Program.MigrateAsync(new MigrationOptions(old, connection), new Moves.Progress(), TestLedger.Stop)).Differences);

            // No catalog is given, and the directory is new.
            await using MeteringServer moved = await StartAsync(Path.Combine(folder, "new"), $"postgres: {connection}", catalog: null);
            Assert.Equal(admin, await File.ReadAllTextAsync(moved.Facts.AdminTokenFile, TestLedger.Stop));
            Assert.Equal("DUPLICATE", (string)(await WriteAsync(moved, iamToken))["rejected"]![0]!["reason"]!);
            Assert.Equal("DUPLICATE", (string)(await WriteAsync(moved, await ExchangeAsync(moved, key)))["rejected"]![0]!["reason"]!);
            using HttpResponseMessage answer = await PostAsync(moved, WritePath, revoked, Usage());
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private const string WritePath = "/marketplace/metering/v1/productUsage/write";

    private static Task<MeteringServer> StartAsync(string data, string store, string? catalog) => Program.StartAsync(
        new ServerOptions
        {
            Data = data, Store = store, Catalog = catalog, ListenHttp = new IPEndPoint(IPAddress.Loopback, 0), ListenGrpc = null, ListenHttps = null,
        },
        TimeProvider.System,
        TestLedger.Stop);

    private static async Task<string> ExchangeAsync(MeteringServer server, string admin)
    {
        using HttpResponseMessage answer = await PostAsync(
            server, "/iam/v1/tokens:createForServiceAccount", admin.Trim(), new JsonObject { ["serviceAccountId"] = "acme-reporter" });
        return (string)(await ReadAsync(answer))["iamToken"]!;
    }

    private static async Task RegisterAsync(MeteringServer server, string admin, RSA key)
    {
        using HttpResponseMessage answer = await PostAsync(server, "/metering/v1/keys", admin.Trim(), new JsonObject
        {
            ["keyId"] = KeyId, ["serviceAccountId"] = "acme-reporter", ["keyAlgorithm"] = "RSA_2048", ["publicKey"] = key.ExportSubjectPublicKeyInfoPem(),
        });
        await ReadAsync(answer);
    }

    // As an SDK does it: a JWT signed with the authorized key, for an IAM token.
    private static async Task<string> ExchangeAsync(MeteringServer server, RSA key)
    {
        long now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        string header = Part(new JsonObject { ["alg"] = "PS256", ["typ"] = "JWT", ["kid"] = KeyId });
        string claims = Part(new JsonObject
        {
            ["iss"] = "acme-reporter", ["aud"] = "https://iam.api.cloud.yandex.net/iam/v1/tokens", ["iat"] = now, ["exp"] = now + 600,
        });
        byte[] signature = key.SignData(Encoding.ASCII.GetBytes($"{header}.{claims}"), HashAlgorithmName.SHA256, RSASignaturePadding.Pss);
        using HttpResponseMessage answer = await PostAsync(
            server, "/iam/v1/tokens", "none", new JsonObject { ["jwt"] = $"{header}.{claims}.{System.Buffers.Text.Base64Url.EncodeToString(signature)}" });
        return (string)(await ReadAsync(answer))["iamToken"]!;
    }

    private static string Part(JsonObject json) => System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));

    private static async Task<JsonNode> WriteAsync(MeteringServer server, string token)
    {
        using HttpResponseMessage answer = await PostAsync(server, WritePath, token, Usage());
        return await ReadAsync(answer);
    }

    private static async Task<HttpResponseMessage> PostAsync(MeteringServer server, string path, string token, JsonNode body)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://{server.Facts.Listening.Http}") };
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await http.SendAsync(request, TestLedger.Stop);
    }

    private static async Task<JsonNode> ReadAsync(HttpResponseMessage answer)
    {
        string text = await answer.Content.ReadAsStringAsync(TestLedger.Stop);
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }

    private static JsonObject Usage() => new()
    {
        ["productInstanceId"] = "acme-database-first",
        ["usageRecords"] = new JsonArray(new JsonObject
        {
            ["uuid"] = Uuid,
            ["skuId"] = "acme-database-core-hours",
            ["quantity"] = 1,
            ["timestamp"] = $"{TimeProvider.System.GetUtcNow():O}",
        }),
    };
}
