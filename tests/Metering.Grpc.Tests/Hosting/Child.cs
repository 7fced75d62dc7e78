using System.Diagnostics;
using System.Text;

namespace Metering.Grpc.Tests;

/// <summary>A program started by a test; it ends with it.</summary>
internal sealed class Child : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _errors = new();

    private Child(Process process)
    {
        _process = process;
        process.ErrorDataReceived += (_, received) =>
        {
            lock (_errors)
                _errors.AppendLine(received.Data);
        };
    }

    /// <summary>What it wrote to its standard error so far.</summary>
    public string Errors
    {
        get
        {
            lock (_errors)
                return _errors.ToString();
        }
    }

    public static Child Start(string command, params string[] arguments)
    {
        var process = new Process
        {
            StartInfo = new ProcessStartInfo(command, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
            },
        };
        var child = new Child(process);
        process.Start();
        process.BeginErrorReadLine();
        return child;
    }

    /// <summary>The next line of its standard output; null when it has closed it.</summary>
    public ValueTask<string?> ReadLineAsync() => _process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);

    /// <summary>Waits for its end.</summary>
    public async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }

        _process.Dispose();
    }
}
