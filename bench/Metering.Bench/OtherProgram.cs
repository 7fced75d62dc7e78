using System.Diagnostics;

namespace Metering.Bench;

/// <summary>Runs other programs to their end.</summary>
internal static class OtherProgram
{
    /// <summary>Runs a program; ends it when <paramref name="stop"/> says so.</summary>
    /// <returns>What it printed.</returns>
    /// <exception cref="BenchException">It is not there, or failed.</exception>
    public static async Task<string> RunAsync(string program, IEnumerable<string> arguments, CancellationToken stop)
    {
        using Process process = Start(program, arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        Task<string> errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await process.WaitForExitAsync(stop);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return process.ExitCode == 0
            ? await output
            : throw new BenchException($"{Path.GetFileName(program)} ended with exit code {process.ExitCode}: {(await errors).Trim()}");
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
