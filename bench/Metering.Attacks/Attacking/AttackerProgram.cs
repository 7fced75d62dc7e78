using System.Diagnostics;
using System.Text.Json;

namespace Metering.Attacks;

/// <summary>
/// The attacker as a program of its own: reads its target from the first line of its input, says when it begins, attacks until
/// its input ends (so that it never outlives who started it) and prints its counts.
/// </summary>
internal static class AttackerProgram
{
    /// <summary>What it prints when it begins.</summary>
    public const string Begun = "attacking";

    public static async Task<int> RunAsync(Attack attack, TextReader input, TextWriter output, TimeProvider time)
    {
        if (await input.ReadLineAsync() is not { } line || JsonSerializer.Deserialize<AttackTarget>(line) is not { } target)
            throw new AttackException("The attacker needs its target as a line of JSON.");
        using var stop = new CancellationTokenSource();
        var attacker = new Attacker(attack, target, time);
        long start = time.GetTimestamp();
        Task attacking = attacker.RunAsync(stop.Token);
        await output.WriteLineAsync(Begun);
        await output.FlushAsync();
        await input.ReadLineAsync();
        AttackCounts counts = attacker.Tally.Now(time.GetElapsedTime(start).TotalSeconds);
        await stop.CancelAsync();
        await attacking;
        await output.WriteLineAsync(JsonSerializer.Serialize(counts));
        return 0;
    }

    /// <summary>Starts the program where it runs only when nobody else wants to (SCHED_IDLE): what it takes of the processor is then not taken from the server.</summary>
    public static async Task<AttackerProcess> StartAsync(Attack attack, AttackTarget target)
    {
        var start = new ProcessStartInfo("chrt", ["--idle", "0", "dotnet", typeof(AttackerProgram).Assembly.Location, "attacker", attack.Name])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        Process process = Process.Start(start)!;
        await process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(target));
        await process.StandardInput.FlushAsync();
        if (await process.StandardOutput.ReadLineAsync() != Begun)
            throw new AttackException($"The attacker of {attack.Name} did not begin.");
        return new AttackerProcess(process);
    }
}

/// <summary>An attacker that is attacking.</summary>
internal sealed class AttackerProcess(Process process) : IDisposable
{
    /// <summary>Ends the attack.</summary>
    public async Task<AttackCounts> StopAsync()
    {
        process.StandardInput.Close();
        string? line = await process.StandardOutput.ReadLineAsync();
        await process.WaitForExitAsync();
        return line is not null && JsonSerializer.Deserialize<AttackCounts>(line) is { } counts
            ? counts
            : throw new AttackException($"The attacker ended with exit code {process.ExitCode} and without its counts.");
    }

    public void Dispose()
    {
        if (!process.HasExited)
            process.Kill();
        process.Dispose();
    }
}

/// <summary>The attacks cannot be run; the message says why and what to do.</summary>
internal sealed class AttackException(string message) : Exception(message);
