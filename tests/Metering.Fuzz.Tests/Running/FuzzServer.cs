using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Metering.Ledger;
using Metering.Ledger.Sqlite;
using Metering.Server;
using Microsoft.Extensions.Logging;

namespace Metering.Fuzz.Tests;

/// <summary>A whole server in this process, with the identity that the inputs are made for.</summary>
internal sealed class FuzzServer : IAsyncDisposable
{
    private const string Accounts = "service_accounts:";

    private readonly MeteringServer _server;
    private readonly string _folder;
    private readonly HttpClient _http = new();

    private FuzzServer(MeteringServer server, string folder, CapturedLog log)
    {
        _server = server;
        _folder = folder;
        Target = new FuzzTarget(server.Facts.Listening.Http!, server.Facts.Listening.Grpc!, log, FuzzTarget.LongPatience);
        _http.BaseAddress = new Uri($"http://{Target.Http1}");
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Identity.Current.AdminToken);
    }

    public FuzzTarget Target { get; }

    public static async Task<FuzzServer> StartAsync()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        string folder = Directory.CreateTempSubdirectory("metering-fuzz-").FullName;
        string data = Path.Combine(folder, "data");
        string catalog = Path.Combine(folder, "catalog.yaml");
        Directory.CreateDirectory(data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        DurableFile.Write(Path.Combine(data, Metering.Server.AdminToken.FileName), Identity.Current.AdminToken + "\n", DurableFile.OwnerOnly);
        await File.WriteAllTextAsync(catalog, SampleCatalog.Yaml.Replace(
            Accounts, $"  - id: {GrpcSeed.Sentinel}\n    product: acme-database\n    customer: dn2second0customer\n\n{Accounts}"), cancellation);
        var time = new StandingTime();
        await using (SqliteStore store = SqliteStore.Open(new SqliteStoreOptions(Path.Combine(data, "ledger.db")), time))
            await store.Credentials.AddSigningKeyAsync(new SigningKey(Identity.Current.SigningKeyId, Identity.Now, Identity.Current.SigningKey), cancellation);

        var log = new CapturedLog();
        var options = new ServerOptions
        {
            Data = data,
            Catalog = catalog,
            ListenHttp = new IPEndPoint(IPAddress.Loopback, 0),
            ListenGrpc = new IPEndPoint(IPAddress.Loopback, 0),
            ListenHttps = null,
            Wire = new WireBounds { FloodPause = TimeSpan.Zero }, // many clients at one address: the pause of one would be all others'
        };
        var server = new FuzzServer(await Metering.Server.Program.StartAsync(options, time, logging => logging.AddProvider(log), cancellation), folder, log);
        await server.PostAsync("/metering/v1/keys", new JsonObject
        {
            ["keyId"] = Identity.KeyId, ["serviceAccountId"] = Identity.ReporterAccount, ["keyAlgorithm"] = "RSA_2048", ["publicKey"] = Identity.PublicPem,
        });
        return server;
    }

    /// <summary>Records counted: about the instance that no input names, and about all else.</summary>
    public async Task<(long WellFormed, long Others)> CountedAsync()
    {
        JsonNode answer = await PostAsync("/metering/v1/usage:query", new JsonObject { ["groupBy"] = new JsonArray("PRODUCT_INSTANCE") });
        long Sum(Func<string?, bool> isMeant) =>
            answer["totals"]!.AsArray().Where(total => isMeant((string?)total!["productInstanceId"])).Sum(total => long.Parse((string)total!["records"]!));
        return (Sum(instance => instance == GrpcSeed.Sentinel), Sum(instance => instance != GrpcSeed.Sentinel));
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<JsonNode> PostAsync(string path, JsonObject body)
    {
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await _http.PostAsync(path, content, TestContext.Current.CancellationToken);
        string text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, text);
        return JsonNode.Parse(text)!;
    }

    /// <summary>Always the same moment, so that tokens hold and records are in time; its timers run.</summary>
    private sealed class StandingTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Identity.Now;
    }
}
