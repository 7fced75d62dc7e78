namespace Metering.Attacks;

/// <summary>
/// Watches the server's health on every stream of every connection, which needs no account and never ends by itself.
/// </summary>
internal sealed class EndlessWatches : Attack
{
    public override string Name => "endless-watches";

    public override string Does => "watches of health on every stream, without an account";

    public override IReadOnlyList<string> MetBy => ["StreamingCallsPerAddress", "StreamsPerConnection", "ConnectionsPerAddress"];

    public override string Unit => "streams";

    public override double UnitsPerSecond => 6_400;

    public override int Lanes => 64;

    public override async Task AttackAsync(AttackLane lane)
    {
        await using AttackConnection connection = await lane.OpenHttp2Async();
        byte[] headers = HeaderBlock.OfCall(Messages.WatchPath, token: null);
        byte[] everything = Messages.Prefix(0);
        var batch = new FrameBatch();
        for (int stream = 1; stream < 200; stream += 2)
            await lane.SendAsync(connection, batch, most: 1, frames => frames.Headers(stream, headers).Data(stream, everything, endsStream: true));
        await AttackLane.HoldAsync(connection);
    }
}
