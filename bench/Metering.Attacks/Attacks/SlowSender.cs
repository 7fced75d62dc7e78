namespace Metering.Attacks;

/// <summary>
/// Sends the messages of many calls one byte a second. Slowloris, in the form of HTTP/2.
/// </summary>
internal sealed class SlowSender : Attack
{
    public override string Name => "slow-sender";

    public override string Does => "messages sent one byte a second, 100 on each connection";

    public override IReadOnlyList<string> MetBy => ["RequestBytesPerSecond", "DataRateGrace", "StreamsPerConnection", "Http2ConnectionsPerAddress"];

    public override string Unit => "bytes";

    public override double UnitsPerSecond => 6_400;

    public override int Lanes => 64;

    public override async Task AttackAsync(AttackLane lane)
    {
        await using AttackConnection connection = await lane.OpenHttp2Async();
        byte[] headers = HeaderBlock.OfCall(Messages.WritePath, lane.Target.Token);
        byte[] message = Messages.DryRun(lane.Target, lane.Time);
        var batch = new FrameBatch();
        for (int stream = 1; stream < 200; stream += 2)
            batch.Headers(stream, headers);
        await connection.SendAsync(batch.Bytes);
        for (int at = 0; at < message.Length; at++)
        {
            for (int stream = 1; stream < 200; stream += 2)
                await lane.SendAsync(connection, batch, most: 1, frames => frames.Data(stream, message.AsSpan(at, 1)));
        }
    }
}
