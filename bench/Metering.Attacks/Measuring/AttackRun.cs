namespace Metering.Attacks;

/// <summary>
/// Attacks a server, one attack after the other, each in rounds between times in which its client is alone: on a machine whose
/// speed changes, what is compared has to lie side by side, more than once.
/// </summary>
/// <param name="options">What is to be run.</param>
/// <param name="time">The clock.</param>
/// <param name="progress">Told what goes on.</param>
internal sealed class AttackRun(AttackOptions options, TimeProvider time, TextWriter progress)
{
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(1);

    // A server whose memory an attack has raised this much is replaced, so that the next attack does not hide behind it.
    private const double RaisedMemory = 1.2;

    /// <summary>Runs them all.</summary>
    /// <exception cref="AttackException">There is no server to attack.</exception>
    public async Task<IReadOnlyList<AttackResult>> ExecuteAsync()
    {
        var results = new List<AttackResult>();
        ServerProcess? server = null;
        Phase? before = null;
        try
        {
            foreach (Attack attack in options.Attacks)
            {
                if (server is null || before is null)
                {
                    server = await StartAsync();
                    before = await new SteadyClient(server, options.WritesPerSecond, time).MeasureAsync(options.Seconds);
                    await SayAsync($"  alone: p99 {before.P99Milliseconds:0.0} ms, {Megabytes(before.PeakBytes)}");
                }

                AttackResult result = await AttackAsync(server, attack, before);
                results.Add(result);
                before = result.Alone[^1];
                if (result.IsAllCounted && before.PeakBytes < RaisedMemory * result.MemoryWithoutBytes)
                    continue;
                await server.DisposeAsync();
                server = null;
            }
        }
        finally
        {
            if (server is not null)
                await server.DisposeAsync();
        }

        return results;
    }

    private async Task<ServerProcess> StartAsync()
    {
        await SayAsync($"Starting a server, and {options.WarmSeconds} s of load to warm it up ...");
        ServerProcess server = await ServerProcess.StartAsync(options.Checkout);
        await new SteadyClient(server, options.WritesPerSecond, time).MeasureAsync(options.WarmSeconds);
        return server;
    }

    private async Task<AttackResult> AttackAsync(ServerProcess server, Attack attack, Phase before)
    {
        var client = new SteadyClient(server, options.WritesPerSecond, time);
        List<Phase> alone = [before];
        var during = new List<Phase>();
        var counts = new List<AttackCounts>();
        long resident = 0;
        for (int round = 0; round < options.Rounds; round++)
        {
            using (AttackerProcess attacker = await AttackerProgram.StartAsync(attack, server.Target))
            {
                await Task.Delay(SettleTime, time); // the attack comes first: the client connects while it is on
                during.Add(await client.MeasureAsync(options.Seconds));
                counts.Add(await attacker.StopAsync());
            }

            await Task.Delay(SettleTime, time);
            resident = server.Memory.ResidentBytes;
            alone.Add(await client.MeasureAsync(options.Seconds));
        }

        var result = new AttackResult(attack, AttackCounts.Sum(counts), alone, during, resident);
        await SayAsync(
            $"{(result.Holds ? "holds " : "FAILS ")} {attack.Name}: p99 {result.P99WithoutMilliseconds:0.0} -> {result.P99WithMilliseconds:0.0} ms ({result.P99Ratio:0.0}x; "
            + $"{string.Join(", ", during.Select(phase => $"{phase.P99Milliseconds:0.0}"))}), "
            + $"memory {Megabytes(result.MemoryWithoutBytes)} -> {Megabytes(result.MemoryPeakBytes)} ({result.MemoryRatio:0.0}x), then {Megabytes(resident)}; "
            + $"{result.Attacker.UnitsPerSecond:#,0} {attack.Unit}/s, {result.Attacker.Opened} connections, {result.Attacker.Closed} ended by the server, "
            + $"{result.Attacker.RefusedStreams} streams refused{string.Concat(result.Faults.Select(fault => "; " + fault))}");
        return result;
    }

    private Task SayAsync(string line) => progress.WriteLineAsync(line);

    private static string Megabytes(long bytes) => $"{bytes / 1e6:0} MB";
}
