using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Metering.Ledger;
using Microsoft.Extensions.Logging;

namespace Metering.Server.Tests;

/// <summary>A whole server in this process: its own data directory, ports that the system chose, a clock that tests set.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private readonly string _folder;
    private readonly bool _ownsFolder;
    private readonly HttpClient _http = new();

    private RunningServer(MeteringServer server, string folder, bool ownsFolder, SettableTime time)
    {
        Server = server;
        Time = time;
        _folder = folder;
        _ownsFolder = ownsFolder;
    }

    public const string Instance = "acme-database-first";
    public const string InstanceSku = "acme-database-core-hours";
    public const string ImageProduct = "f2e4tmlj4qqciunhr7e6";
    public const string ImageSku = "dn272e8979uvek5cnuhk";

    public MeteringServer Server { get; }

    public SettableTime Time { get; }

    public string AdminToken => File.ReadAllText(Server.Facts.AdminTokenFile).Trim();

    public string Rest => $"http://{Server.Facts.Listening.Http}";

    /// <summary>For requests that the methods here do not make.</summary>
    public HttpClient Http => _http;

    public static async Task<RunningServer> StartAsync(
        Action<ServerOptions>? change = null, string? folder = null, SettableTime? time = null, string? catalogYaml = null,
        Action<ILoggingBuilder>? log = null)
    {
        bool ownsFolder = folder is null;
        folder ??= Directory.CreateTempSubdirectory("metering-test-").FullName;
        string catalog = Path.Combine(folder, "..", Path.GetFileName(folder) + "-catalog.yaml");
        await File.WriteAllTextAsync(catalog, catalogYaml ?? SampleCatalog.Yaml);
        time ??= new SettableTime(new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero));
        var options = new ServerOptions
        {
            Data = folder,
            Catalog = catalog,
            ListenHttp = new IPEndPoint(IPAddress.Loopback, 0),
            ListenGrpc = new IPEndPoint(IPAddress.Loopback, 0),
            ListenHttps = null,
        };
        change?.Invoke(options);
        try
        {
            MeteringServer server = log is null
                ? await Program.StartAsync(options, time, CancellationToken.None)
                : await Program.StartAsync(options, time, log, CancellationToken.None);
            return new RunningServer(server, folder, ownsFolder, time);
        }
        catch when (ownsFolder)
        {
            Directory.Delete(folder, recursive: true);
            throw;
        }
        finally
        {
            File.Delete(catalog);
        }
    }

    /// <summary>A token for an account of the sample catalog, from the admin.</summary>
    public async Task<string> TokenAsync(string account)
    {
        (HttpStatusCode status, JsonNode body) = await PostAsync(
            "/iam/v1/tokens:createForServiceAccount", new JsonObject { ["serviceAccountId"] = account }, AdminToken);
        Assert.Equal(HttpStatusCode.OK, status);
        return (string)body["iamToken"]!;
    }

    public async Task<(HttpStatusCode Status, JsonNode Body)> PostAsync(string path, JsonNode body, string? token) =>
        await PostAsync(path, body.ToJsonString(), token);

    public async Task<(HttpStatusCode Status, JsonNode Body)> PostAsync(string path, string body, string? token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Rest + path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        return await SendAsync(request, token);
    }

    public async Task<(HttpStatusCode Status, JsonNode Body)> GetAsync(string path, string? token = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Rest + path);
        return await SendAsync(request, token);
    }

    public async Task<(HttpStatusCode Status, JsonNode Body)> DeleteAsync(string path, string? token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, Rest + path);
        return await SendAsync(request, token);
    }

    /// <summary>Applies a catalog as the admin, over REST.</summary>
    public async Task<JsonNode> ApplyAsync(string yaml)
    {
        (HttpStatusCode status, JsonNode body) = await PostAsync("/metering/v1/catalog:apply", new JsonObject { ["yaml"] = yaml }, AdminToken);
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        return body;
    }

    /// <summary>Totals and rejections, as the admin reads them; without a question, of everything.</summary>
    public async Task<JsonNode> UsageAsync(JsonObject? question = null)
    {
        (HttpStatusCode status, JsonNode body) = await PostAsync("/metering/v1/usage:query", question ?? [], AdminToken);
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        return body;
    }

    /// <summary>Writes records about the sample's first instance; answers each uuid's verdict, "ACCEPTED" or the reason.</summary>
    public async Task<Dictionary<string, string>> WriteAsync(string token, params JsonObject[] records) => Verdicts(await PostAsync(
        "/marketplace/metering/v1/productUsage/write",
        new JsonObject { ["productInstanceId"] = Instance, ["usageRecords"] = new JsonArray([.. records.Select(record => record.DeepClone())]) },
        token));

    /// <summary>A record that is in order now.</summary>
    public JsonObject Record(string? uuid = null, long quantity = 1, string sku = InstanceSku, TimeSpan age = default) => new()
    {
        ["uuid"] = uuid ?? Guid.NewGuid().ToString(),
        ["skuId"] = sku,
        ["quantity"] = quantity,
        ["timestamp"] = (Time.GetUtcNow() - age).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'"),
    };

    public static Dictionary<string, string> Verdicts((HttpStatusCode Status, JsonNode Body) answer)
    {
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Body.ToJsonString());
        var verdicts = answer.Body["accepted"]!.AsArray().ToDictionary(record => (string)record!["uuid"]!, _ => "ACCEPTED");
        foreach (JsonNode? record in answer.Body["rejected"]!.AsArray())
            verdicts.Add((string)record!["uuid"]!, (string)record["reason"]!);
        return verdicts;
    }

    /// <summary>One unary gRPC call over cleartext HTTP/2.</summary>
    public async Task<(int Status, string Message, TResponse? Response)> CallAsync<TResponse>(string path, IMessage request, string? token)
        where TResponse : class, IMessage<TResponse>, new()
    {
        (int status, string words, byte[] body) = await CallAsync(path, request.ToByteArray(), token);
        if (status != 0)
            return (status, words, null);
        var response = new TResponse();
        response.MergeFrom(body);
        return (status, words, response);
    }

    /// <summary>One gRPC call with one request message and at most one response message, as bytes.</summary>
    public async Task<(int Status, string Message, byte[] Response)> CallAsync(string path, byte[] request, string? token)
    {
        byte[] frame = [0, 0, 0, 0, 0, .. request];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), frame.Length - 5);
        using var message = new HttpRequestMessage(HttpMethod.Post, $"http://{Server.Facts.Listening.Grpc}{path}")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(frame) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } },
        };
        message.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        if (token is not null)
            message.Headers.TryAddWithoutValidation("authorization", $"Bearer {token}");
        using HttpResponseMessage answer = await _http.SendAsync(message);
        byte[] body = await answer.Content.ReadAsByteArrayAsync();
        HttpResponseHeaders trailers = answer.TrailingHeaders.Contains("grpc-status") ? answer.TrailingHeaders : answer.Headers;
        int status = int.Parse(trailers.GetValues("grpc-status").Single());
        string words = trailers.TryGetValues("grpc-message", out IEnumerable<string>? values) ? Uri.UnescapeDataString(values.Single()) : "";
        return (status, words, body.Length == 0 ? [] : body[5..]);
    }

    /// <summary>Stops the server and starts one on the same data, with the catalog stored there, at the same time of its clock.</summary>
    public async Task<RunningServer> RestartAsync(Action<ServerOptions>? change = null)
    {
        await Server.DisposeAsync();
        _http.Dispose();
        RunningServer again = await StartAsync(
            options =>
            {
                options.Catalog = null;
                change?.Invoke(options);
            },
            _folder, Time);
        again._http.Dispose();
        return new RunningServer(again.Server, _folder, _ownsFolder, Time);
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _http.Dispose();
        if (_ownsFolder && Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }

    private async Task<(HttpStatusCode Status, JsonNode Body)> SendAsync(HttpRequestMessage request, string? token)
    {
        if (token is not null)
            request.Headers.TryAddWithoutValidation("authorization", $"Bearer {token}");
        using HttpResponseMessage answer = await _http.SendAsync(request);
        string text = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, text.StartsWith('{') ? JsonNode.Parse(text)! : JsonValue.Create(text));
    }
}
