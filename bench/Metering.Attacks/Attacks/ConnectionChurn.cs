namespace Metering.Attacks;

/// <summary>
/// Opens connections, begins HTTP/2 on them and leaves again at once: the price of accepting a connection, over and
/// over.
/// </summary>
internal sealed class ConnectionChurn : Attack
{
    public override string Name => "connection-churn";

    public override string Does => "connections opened and closed at once";

    public override IReadOnlyList<string> MetBy => ["ConnectionsPerAddress"];

    public override string Unit => "connections";

    public override double UnitsPerSecond => 500;

    public override async Task AttackAsync(AttackLane lane)
    {
        await lane.TakeTurnAsync(lane.Stop);
        await using AttackConnection connection = await lane.OpenHttp2Async();
        lane.Tally.CountUnits(1);
    }
}
