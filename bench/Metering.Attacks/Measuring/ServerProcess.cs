using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace Metering.Attacks;

/// <summary>`metering serve` on a directory of its own, on ports that the system chose, with a token of a publisher of the sample.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    public const string Account = "acme-reporter";
    public const string Instance = "acme-database-first";
    public const string Sku = "acme-database-core-hours";

    private readonly Process _process;
    private readonly string _folder;
    private readonly StringBuilder _log;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly string _adminToken;

    private ServerProcess(Process process, string folder, StringBuilder log, JsonNode facts)
    {
        _process = process;
        _folder = folder;
        _log = log;
        _adminToken = File.ReadAllText(Path.Combine(folder, "data", "admin.token")).Trim();
        Target = new AttackTarget((string)facts["http"]!, (string)facts["grpc"]!, (string)facts["https"]!, "", Instance, Sku);
        Memory = new ServerMemory(process.Id);
    }

    /// <summary>Where it listens, with the token.</summary>
    public AttackTarget Target { get; private set; }

    public ServerMemory Memory { get; }

    public bool HasExited => _process.HasExited;

    /// <summary>Lines of its log about faults of its own.</summary>
    public IReadOnlyList<string> Faults
    {
        get
        {
            lock (_log)
                return [.. _log.ToString().Split('\n').Where(IsFault)];
        }
    }

    /// <summary>Starts a server and waits until it listens.</summary>
    /// <param name="checkout">Root of the checkout, in which the server is built.</param>
    /// <exception cref="AttackException">It does not start.</exception>
    public static async Task<ServerProcess> StartAsync(string checkout)
    {
        string folder = Directory.CreateTempSubdirectory("metering-attacks-").FullName;
        Process process = Process.Start(new ProcessStartInfo("dotnet",
        [
            Path.Combine(checkout, "artifacts/bin/Metering.Cli/release/metering.dll"), "serve", "--output", "json",
            "--data", Path.Combine(folder, "data"), "--catalog", Path.Combine(checkout, "samples/catalog.yaml"),
            "--listen-http", "127.0.0.1:0", "--listen-grpc", "127.0.0.1:0", "--listen-https", "127.0.0.1:0",
        ])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var log = new StringBuilder();
        process.ErrorDataReceived += (_, line) =>
        {
            lock (log)
                log.Append(line.Data).Append('\n');
        };
        process.BeginErrorReadLine();
        if (await process.StandardOutput.ReadLineAsync() is not { } facts)
        {
            await process.WaitForExitAsync();
            Directory.Delete(folder, recursive: true);
            throw new AttackException($"The server ended before it listened. Is it built (./metering --version builds it)?\n{log}");
        }

        var server = new ServerProcess(process, folder, log, JsonNode.Parse(facts)!);
        JsonNode token = await server.AskAsync("iam/v1/tokens:createForServiceAccount", new JsonObject { ["serviceAccountId"] = Account });
        server.Target = server.Target with { Token = (string)token["iamToken"]! };
        return server;
    }

    /// <summary>The records that the ledger has counted, from its totals.</summary>
    public async Task<long> CountRecordsAsync()
    {
        JsonNode usage = await AskAsync("metering/v1/usage:query", []);
        return usage["totals"]!.AsArray().Sum(total => long.Parse((string)total!["records"]!));
    }

    /// <summary>Whether it answers that it is ready.</summary>
    public async Task<bool> IsReadyAsync()
    {
        using HttpResponseMessage answer = await _http.GetAsync(new Uri($"http://{Target.Http}/readyz"));
        return answer.IsSuccessStatusCode;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // Left out, and an open question: Kestrel's note that the garbage collector found a connection, cut off in the middle, whose
    // end Kestrel had not seen (Microsoft.AspNetCore.Server.Kestrel, event 23). It comes seldom and long after an attack.
    private static bool IsFault(string line) =>
        line.Contains(" fail: ") || line.Contains(" crit: ") || line.StartsWith("Unhandled", StringComparison.Ordinal);

    private async Task<JsonNode> AskAsync(string path, JsonObject question)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://{Target.Http}/{path}") { Content = JsonContent.Create(question) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _adminToken);
        using HttpResponseMessage answer = await _http.SendAsync(request);
        string text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode ? JsonNode.Parse(text)! : throw new AttackException($"The server answered {path} with {(int)answer.StatusCode}: {text}");
    }
}
