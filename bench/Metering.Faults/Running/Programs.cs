using System.Diagnostics;

namespace Metering.Faults;

/// <summary>What a program printed and how it ended.</summary>
internal sealed record Finished(int ExitCode, string Output, string Errors)
{
    /// <summary>The program's output, once it is sure that it succeeded.</summary>
    public string Succeeded()
    {
        return ExitCode == 0 ? Output : throw new FaultsException($"Exit code {ExitCode}.\n{Output}\n{Errors}");
    }
}

/// <summary>Runs programs to their end. The bound only keeps a hang from lasting for ever.</summary>
internal static class Programs
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(4);

    public static Task<Finished> MeteringAsync(params string[] arguments) => RunAsync("dotnet", [BuiltPrograms.Command, .. arguments]);

    public static async Task<Finished> RunAsync(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string? input = null, string? folder = null)
    {
        using Process process = Start(program, arguments, environment, folder);
        if (input is not null)
            await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        using var bound = new CancellationTokenSource(Bound);
        try
        {
            await process.WaitForExitAsync(bound.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new FaultsException($"{program} did not end within {Bound}.\n{await output}\n{await errors}");
        }

        return new Finished(process.ExitCode, await output, await errors);
    }

    public static Process Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string? folder = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? BuiltPrograms.Checkout,
        };
        start.Environment["NO_COLOR"] = "1";
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
