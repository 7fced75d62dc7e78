using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Metering.Faults;

/// <summary>A server in a process of its own, on ports that the system chose.</summary>
internal sealed class MeteringProcess : IAsyncDisposable
{
    private static readonly string[] Listeners = ["--listen-http", "--listen-grpc", "--listen-https"];

    private readonly Process _process;
    private readonly StringBuilder _errors;

    private MeteringProcess(Process process, StringBuilder errors, JsonElement facts)
    {
        _process = process;
        _errors = errors;
        Facts = facts.GetRawText();
        Http = facts.GetProperty("http").GetString()!;
        Grpc = facts.GetProperty("grpc").GetString()!;
        Https = facts.GetProperty("https").GetString()!;
        CertificateAuthority = facts.GetProperty("certificateAuthority").GetString()!;
        Data = facts.GetProperty("data").GetString()!;
    }

    public string Http { get; }

    public string Grpc { get; }

    public string Https { get; }

    public string CertificateAuthority { get; }

    public string Data { get; }

    public int HttpsPort => int.Parse(Https[(Https.LastIndexOf(':') + 1)..]);

    /// <summary>What it said when it listened, JSON on one line.</summary>
    public string Facts { get; }

    public int ProcessId => _process.Id;

    public string Errors
    {
        get
        {
            lock (_errors)
                return _errors.ToString();
        }
    }

    /// <summary>Starts `metering serve` and waits until it says where it listens: on ports of the system's choice, unless arguments say which.</summary>
    public static Task<MeteringProcess> StartAsync(string data, params string[] arguments) =>
        StartAsync(data, null, null, arguments);

    /// <summary>The same, with a store that behaves otherwise, or in another environment.</summary>
    /// <exception cref="FaultsException">It does not come up.</exception>
    public static async Task<MeteringProcess> StartAsync(
        string data, StoreChanges? changes, IReadOnlyDictionary<string, string>? environment, params string[] arguments)
    {
        string[] program = changes is null ? [BuiltPrograms.Command] : [BuiltPrograms.Faults, ServerHost.Name, changes.ToJson()];
        Process process = Programs.Start("dotnet",
        [
            .. program, "serve", "--data", data, "--output", "json",
            .. Listeners.Where(listener => !arguments.Contains(listener)).SelectMany(listener => new[] { listener, "127.0.0.1:0" }), .. arguments,
        ], environment);
        var errors = new StringBuilder();
        process.ErrorDataReceived += (_, line) =>
        {
            lock (errors)
                errors.AppendLine(line.Data);
        };
        process.BeginErrorReadLine();
        string? facts = await process.StandardOutput.ReadLineAsync();
        if (facts is null)
        {
            await process.WaitForExitAsync();
            throw new ServerStartException(process.ExitCode, errors.ToString());
        }

        return new MeteringProcess(process, errors, JsonDocument.Parse(facts).RootElement);
    }

    /// <summary>Pulls the plug.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Its exit code, once it has ended by itself; null when it does not for so long.</summary>
    public async Task<int?> WaitForExitAsync(TimeSpan longest)
    {
        using var bound = new CancellationTokenSource(longest);
        try
        {
            await _process.WaitForExitAsync(bound.Token);
            return _process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>Makes it stand still, all threads at once; only <see cref="ContinueAsync"/> or an end changes that.</summary>
    public Task FreezeAsync() => SignalAsync("-STOP");

    /// <summary>Lets it go on.</summary>
    public Task ContinueAsync() => SignalAsync("-CONT");

    private async Task SignalAsync(string signal)
    {
        using Process kill = Programs.Start("kill", [signal, _process.Id.ToString()]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Asks it to stop, as an init system does, and answers with its exit code.</summary>
    public async Task<int> StopAsync()
    {
        await SignalAsync("-TERM");
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
    }
}

/// <summary>A server ended before it listened.</summary>
internal sealed class ServerStartException(int exitCode, string errors)
    : Exception($"The server ended with exit code {exitCode} before it listened.\n{errors}")
{
    public int ExitCode { get; } = exitCode;

    public string Errors { get; } = errors;
}
