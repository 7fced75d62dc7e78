namespace Metering.Attacks.Tests;

/// <summary>
/// Every attack for a moment. A client that behaves well is served all the same, whatever the time it takes: how much it
/// notices is measured by bench/attacks.sh, on a machine that has nothing else to do.
/// </summary>
public class AttackTests(AttackedServer attacked) : IClassFixture<AttackedServer>
{
    private const int WritesPerSecond = 20;
    private const double Seconds = 0.5;
    private const long MemoryBytes = 1_500_000_000; // far from any leak that would matter here, close to what a bomb would take

    public static TheoryData<string> Names => [.. AllAttacks.List.Select(attack => attack.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_client_that_behaves_well_is_served_and_its_records_are_counted(string name)
    {
        ServerProcess server = attacked.Server;
        Attack attack = AllAttacks.Find(name)!;
        var attacker = new Attacker(attack, server.Target, TimeProvider.System);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        Task attacking = attacker.RunAsync(stop.Token);
        await UntilAsync(() => attacker.Tally.Units > 0);

        Phase phase = await new SteadyClient(server, WritesPerSecond, TimeProvider.System).MeasureAsync(Seconds);
        Assert.True(phase.IsAllCounted, $"{phase} {string.Join('\n', server.Faults)}");
        Assert.InRange(phase.Counted, 1, long.MaxValue);
        Assert.True(await server.IsReadyAsync());
        if (attack.IsCutOff)
            await UntilAsync(() => attacker.Tally.Closed > 0);

        await stop.CancelAsync();
        await attacking;
        Assert.False(server.HasExited);
        Assert.True(server.Faults.Count == 0, $"{server.Faults.Count} faults in the log: {string.Join(Environment.NewLine, server.Faults)}");
        Assert.InRange(phase.PeakBytes, 1, MemoryBytes);
    }

    [Fact]
    public void Every_limit_that_is_said_to_meet_an_attack_is_documented()
    {
        string limits = File.ReadAllText(Checkout.PathOf("docs/limits.md"));
        Assert.Empty(AllAttacks.List.SelectMany(attack => attack.MetBy).Where(limit => !limits.Contains($"| `{limit}` |")));
        Assert.All(AllAttacks.List, attack => Assert.NotEmpty(attack.MetBy));
    }

    [Fact]
    public void Names_are_unique() => Assert.Distinct(AllAttacks.List.Select(attack => attack.Name));

    private static async Task UntilAsync(Func<bool> holds)
    {
        while (!holds())
            await Task.Delay(10, TestContext.Current.CancellationToken);
    }
}
