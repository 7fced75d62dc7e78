namespace Metering.Attacks;

/// <summary>
/// Begins calls on every stream of every connection and never sends a message: half as Writes, half as calls of
/// reflection, which as a stream may be silent.
/// </summary>
internal sealed class HalfOpenStreams : Attack
{
    public override string Name => "half-open-streams";

    public override string Does => "calls begun on every stream, without a message ever";

    public override IReadOnlyList<string> MetBy => ["RequestsInFlightPerAddress", "StreamsPerConnection", "RequestBytesPerSecond", "Http2ConnectionsPerAddress"];

    public override string Unit => "streams";

    public override double UnitsPerSecond => 6_400;

    public override int Lanes => 64;

    public override async Task AttackAsync(AttackLane lane)
    {
        await using AttackConnection connection = await lane.OpenHttp2Async();
        byte[] headers = HeaderBlock.OfCall(lane.Number % 2 == 0 ? Messages.WritePath : Messages.ReflectionPath, lane.Target.Token);
        var batch = new FrameBatch();
        for (int stream = 1; stream < 200; stream += 2)
            await lane.SendAsync(connection, batch, most: 1, frames => frames.Headers(stream, headers));
        await AttackLane.HoldAsync(connection);
    }
}
