namespace Metering.Attacks;

/// <summary>
/// Opens HTTP/1.1 connections and sends one header line a second, never the last. Slowloris.
/// </summary>
internal sealed class SlowHeaders : Attack
{
    public override string Name => "slow-headers";

    public override string Does => "HTTP/1.1 headers sent a line a second (slowloris)";

    public override IReadOnlyList<string> MetBy => ["RequestHeadersTime", "ConnectionsPerAddress"];

    public override string Unit => "lines";

    public override double UnitsPerSecond => 1_000;

    public override int Lanes => 1000;

    public override async Task AttackAsync(AttackLane lane)
    {
        await lane.TakeTurnAsync(lane.Stop); // one that was cut off does not come back faster than the attack's rate
        await using AttackConnection connection = await lane.OpenAsync(lane.Target.HttpEndPoint);
        await connection.SendAsync("POST /iam/v1/tokens HTTP/1.1\r\nHost: localhost\r\n"u8.ToArray());
        while (true)
        {
            await lane.TakeTurnAsync(connection.Ended);
            await connection.SendAsync("x-slow: loris\r\n"u8.ToArray());
            lane.Tally.CountUnits(1);
        }
    }
}
