using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Metering.EndToEnd.Tests;

/// <summary>A server in a process of its own, on ports that the system chose.</summary>
internal sealed class MeteringProcess : IAsyncDisposable
{
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

    /// <summary>Starts `metering serve` and waits until it says where it listens.</summary>
    public static async Task<MeteringProcess> StartAsync(string data, params string[] arguments)
    {
        Process process = Programs.Start("dotnet",
        [
            BuiltPrograms.Command, "serve", "--data", data, "--output", "json",
            "--listen-http", "127.0.0.1:0", "--listen-grpc", "127.0.0.1:0", "--listen-https", "127.0.0.1:0", .. arguments,
        ]);
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
            Assert.Fail($"The server ended with exit code {process.ExitCode} before it listened.\n{errors}");
        }

        return new MeteringProcess(process, errors, JsonDocument.Parse(facts).RootElement);
    }

    /// <summary>Pulls the plug.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Asks it to stop, as an init system does, and answers with its exit code.</summary>
    public async Task<int> StopAsync()
    {
        using (Process kill = Programs.Start("kill", ["-TERM", _process.Id.ToString()]))
            await kill.WaitForExitAsync();
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
