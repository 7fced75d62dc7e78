namespace Metering.Attacks;

/// <summary>
/// Opens more connections than one address may have and keeps all that it gets, each with HTTP/2 begun.
/// </summary>
internal sealed class ConnectionFlood : Attack
{
    public override string Name => "connection-flood";

    public override string Does => "connections opened and kept";

    public override IReadOnlyList<string> MetBy => ["ConnectionsPerAddress", "Connections", "IdleTime"];

    public override string Unit => "connections";

    public override double UnitsPerSecond => 3_000;

    public override int Lanes => 1500;

    public override bool IsCutOff => true;

    public override async Task AttackAsync(AttackLane lane)
    {
        await lane.TakeTurnAsync(lane.Stop);
        await using AttackConnection connection = await lane.OpenHttp2Async();
        lane.Tally.CountUnits(1);
        await AttackLane.HoldAsync(connection);
    }
}
