namespace Metering.Attacks.Tests;

/// <summary>The attacks do what they are said to do, seen on a server that lets them.</summary>
public class ControlTests
{
    [Theory]
    [InlineData("ping-flood")]
    [InlineData("settings-flood")]
    [InlineData("priority-flood")]
    [InlineData("empty-frame-flood")]
    public async Task A_server_without_a_budget_of_frames_bears_the_flood_for_ever(string name)
    {
        await using BareServer server = await BareServer.StartAsync();
        Attack attack = AllAttacks.Find(name)!;

        // Many times as many on each connection as the product takes.
        AttackTally tally = await AttackAsync(attack, server, tally => tally.Units >= 8_000L * attack.Lanes);
        Assert.Equal(0, tally.Closed);
    }

    [Fact]
    public async Task A_server_without_a_share_for_each_address_takes_every_connection()
    {
        await using BareServer server = await BareServer.StartAsync();
        Attack attack = new ConnectionFlood();
        AttackTally tally = await AttackAsync(attack, server, tally => tally.Units >= attack.Lanes);
        Assert.Equal(0, tally.Closed);
    }

    [Fact]
    public async Task Streams_that_are_half_open_are_held_by_whoever_waits_for_them()
    {
        await using BareServer server = await BareServer.StartAsync();
        await AttackAsync(new HalfOpenStreams(), server, _ => server.Held >= 1000);
    }

    private static async Task<AttackTally> AttackAsync(Attack attack, BareServer server, Func<AttackTally, bool> isEnough)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var attacker = new Attacker(attack, server.Target, TimeProvider.System);
        Task attacking = attacker.RunAsync(stop.Token);
        while (!isEnough(attacker.Tally))
            await Task.Delay(10, TestContext.Current.CancellationToken);
        await stop.CancelAsync();
        await attacking;
        return attacker.Tally;
    }
}
