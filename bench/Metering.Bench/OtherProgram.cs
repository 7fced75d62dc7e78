using System.Diagnostics;
using System.Text;

namespace Metering.Bench;

/// <summary>Runs other programs to their end.</summary>
internal static class OtherProgram
{
    /// <summary>Runs a program; ends it when <paramref name="stop"/> says so.</summary>
    /// <param name="program">Name or path.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="stop">When it is no longer wanted.</param>
    /// <param name="highestExitCode">Exit codes up to this one come with an output that says more.</param>
    /// <param name="heard">Told each line of its messages as it comes.</param>
    /// <returns>What it printed.</returns>
    /// <exception cref="BenchException">It is not there, or failed.</exception>
    public static async Task<string> RunAsync(string program, IEnumerable<string> arguments, CancellationToken stop, int highestExitCode = 0, Action<string>? heard = null)
    {
        using Process process = Start(program, arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        Task<string> errors = ListenAsync(process.StandardError, heard);
        try
        {
            await process.WaitForExitAsync(stop);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        string printed = await output;
        return process.ExitCode == 0 || (process.ExitCode <= highestExitCode && printed.Length > 0)
            ? printed
            : throw new BenchException($"{Path.GetFileName(program)} ended with exit code {process.ExitCode}: {(await errors).Trim()}");
    }

    private static async Task<string> ListenAsync(StreamReader messages, Action<string>? heard)
    {
        var lines = new StringBuilder();
        while (await messages.ReadLineAsync() is { } line)
        {
            lines.AppendLine(line);
            heard?.Invoke(line);
        }

        return lines.ToString();
    }

    /// <summary>Starts a program with output and messages redirected.</summary>
    public static Process Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/", // another user may not enter the current folder
        };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception fault)
        {
            throw new BenchException($"{program} cannot be run: {fault.Message}");
        }
    }
}
