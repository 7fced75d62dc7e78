using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Metering.Client;

namespace Metering.Bench;

/// <summary>`metering serve` on a new data directory, on ports that the system chose, with a token of a publisher of the sample catalog.</summary>
internal sealed class BenchServer : IAsyncDisposable
{
    public const string Instance = "acme-database-first";
    public const string Sku = "acme-database-core-hours";

    /// <summary>Service account that reports.</summary>
    public const string Account = "acme-reporter";

    /// <summary>The ledger's file in the data directory.</summary>
    public const string LedgerFile = "ledger.db";

    private const string ForgetPeak = "5"; // proc_pid_clear_refs(5)

    private static readonly TimeSpan ReadyPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromMinutes(1);

    private readonly Process _process;
    private readonly string _probe;
    private readonly StringBuilder _log = new();

    private BenchServer(Process process, string probe)
    {
        _process = process;
        _probe = probe;
        process.ErrorDataReceived += (_, line) =>
        {
            lock (_log)
                _log.AppendLine(line.Data);
        };
        process.BeginErrorReadLine();
    }

    /// <summary>host:port of cleartext gRPC.</summary>
    public string Grpc { get; private set; } = "";

    /// <summary>IAM token of an account that may write. Never printed.</summary>
    public string Token { get; private set; } = "";

    /// <summary>From the start of the process to the first 200 of /readyz.</summary>
    public TimeSpan ReadyAfter { get; private set; }

    /// <summary>Most memory that was resident since <see cref="ForgetPeakBytes"/>, as Linux counts it.</summary>
    public long PeakBytes => ReadStatusBytes("VmHWM:");

    /// <summary>Memory that is resident, as Linux counts it.</summary>
    public long ResidentBytes => ReadStatusBytes("VmRSS:");

    /// <summary>Starts a server and waits until it listens.</summary>
    /// <param name="checkout">Root of the checkout in which it is built.</param>
    /// <param name="data">Its data directory.</param>
    /// <param name="time">The clock.</param>
    /// <param name="stop">Ends the waiting.</param>
    /// <param name="store">Its store; null for the embedded one.</param>
    /// <param name="hasCatalog">Whether the store has a catalog already, instead of the sample's.</param>
    /// <param name="groupsInFlight">Group commits that it has under way in that store; null for the default.</param>
    /// <exception cref="BenchException">It does not start.</exception>
    public static async Task<BenchServer> StartAsync(
        string checkout, string data, TimeProvider time, CancellationToken stop, string? store = null, bool hasCatalog = false, int? groupsInFlight = null)
    {
        long startedAt = time.GetTimestamp();
        string probe = Path.Combine(Path.GetTempPath(), $"metering-probe-{Path.GetRandomFileName()}");
        var environment = new Dictionary<string, string>
        {
            ["DOTNET_STARTUP_HOOKS"] = typeof(BenchServer).Assembly.Location,
            [StartupHook.SocketVariable] = probe,
            // One load's connections may still be closing while the next one's open.
            ["METERING_HTTP2_CONNECTIONS_PER_ADDRESS"] = "128",
            ["METERING_STORE"] = store ?? "sqlite",
            ["METERING_GROUPS_IN_FLIGHT"] = groupsInFlight?.ToString(CultureInfo.InvariantCulture) ?? "", // empty is not set
        };
        Process process = OtherProgram.Start(
            "dotnet",
            [
                Path.Combine(checkout, "artifacts/bin/Metering.Cli/release/metering.dll"), "serve", "--output", "json", "--data", data,
                .. hasCatalog ? Array.Empty<string>() : ["--catalog", Path.Combine(checkout, "samples/catalog.yaml")],
                "--listen-http", "127.0.0.1:0", "--listen-grpc", "127.0.0.1:0", "--listen-https", "none",
            ],
            environment);
        var server = new BenchServer(process, probe);
        try
        {
            string http = await server.ReadFactsAsync(stop);
            await WaitUntilReadyAsync(http, stop);
            server.ReadyAfter = time.GetElapsedTime(startedAt);
            server.Token = await GetTokenAsync(http, data, stop);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>A client that sees everything.</summary>
    /// <param name="data">The server's data directory.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<MeteringClient> ConnectAsync(string data, CancellationToken stop) =>
        new(new MeteringClientOptions { Address = $"http://{Grpc}", AdminToken = await ReadAdminTokenAsync(data, stop), RequestTimeout = AnswerTimeout });

    /// <summary>Begins to look for the peak of memory anew.</summary>
    public void ForgetPeakBytes() => File.WriteAllText($"/proc/{_process.Id}/clear_refs", ForgetPeak);

    /// <summary>Bytes that the process has allocated on its managed heap so far.</summary>
    public async Task<long> GetAllocatedBytesAsync(CancellationToken stop)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(_probe), stop);
        using var reader = new StreamReader(new NetworkStream(socket));
        return long.Parse(await reader.ReadToEndAsync(stop), CultureInfo.InvariantCulture);
    }

    /// <summary>Asks it to stop and waits until it has: what was in flight is finished, the ledger is closed.</summary>
    /// <exception cref="BenchException">It ended otherwise.</exception>
    public async Task StopAsync(CancellationToken stop)
    {
        await OtherProgram.RunAsync("kill", ["-TERM", $"{_process.Id}"], stop);
        await _process.WaitForExitAsync(stop);
        if (_process.ExitCode != 0)
            throw new BenchException($"The server ended with exit code {_process.ExitCode}.\n{Log()}");
    }

    /// <summary>Ends it as kill -9 does, in the middle of whatever it does, if it has not ended.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        File.Delete(_probe);
    }

    // Where its HTTP is.
    private async Task<string> ReadFactsAsync(CancellationToken stop)
    {
        if (await _process.StandardOutput.ReadLineAsync(stop) is not { } line)
        {
            await _process.WaitForExitAsync(stop);
            throw new BenchException($"The server ended before it listened. Is it built (./metering --version builds it)?\n{Log()}");
        }

        JsonNode facts = JsonNode.Parse(line)!;
        Grpc = (string)facts["grpc"]!;
        return (string)facts["http"]!;
    }

    private static async Task WaitUntilReadyAsync(string http, CancellationToken stop)
    {
        using var client = new HttpClient();
        while (true)
        {
            using HttpResponseMessage answer = await client.GetAsync(new Uri($"http://{http}/readyz"), stop);
            if (answer.IsSuccessStatusCode)
                return;
            await Task.Delay(ReadyPause, stop);
        }
    }

    private static async Task<string> GetTokenAsync(string http, string data, CancellationToken stop)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://{http}/iam/v1/tokens:createForServiceAccount")
        {
            Content = JsonContent.Create(new JsonObject { ["serviceAccountId"] = Account }),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await ReadAdminTokenAsync(data, stop));
        using HttpResponseMessage answer = await client.SendAsync(request, stop);
        string text = await answer.Content.ReadAsStringAsync(stop);
        return answer.IsSuccessStatusCode
            ? (string)JsonNode.Parse(text)!["iamToken"]!
            : throw new BenchException($"The server gave no token ({(int)answer.StatusCode}): {text}");
    }

    private static async Task<string> ReadAdminTokenAsync(string data, CancellationToken stop) =>
        (await File.ReadAllTextAsync(Path.Combine(data, "admin.token"), stop)).Trim();

    private long ReadStatusBytes(string name)
    {
        string line = File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(line.AsSpan(name.Length, line.Length - name.Length - " kB".Length), NumberStyles.AllowLeadingWhite) * 1024;
    }

    private string Log()
    {
        lock (_log)
            return _log.ToString();
    }
}
