using Metering.Load;

namespace Metering.Attacks;

/// <summary>
/// Sends messages that are larger than allowed, as fast as flow control lets it.
/// </summary>
internal sealed class OversizeMessages : Attack
{
    public override string Name => "oversize-messages";

    public override string Does => "messages announced with 4 GiB, sent until refused";

    public override IReadOnlyList<string> MetBy => ["WriteMessageBytes", "StreamWindowBytes", "ConnectionWindowBytes"];

    public override string Unit => "messages";

    public override double UnitsPerSecond => 500;

    public override async Task AttackAsync(AttackLane lane)
    {
        await using AttackConnection connection = await lane.OpenHttp2Async();
        byte[] headers = HeaderBlock.OfCall(Messages.WritePath, lane.Target.Token);
        byte[] prefix = Messages.Prefix(uint.MaxValue);
        byte[] part = new byte[Http2Frame.PayloadBytes];
        var batch = new FrameBatch();
        int stream = -1;
        while (true)
            await lane.SendAsync(connection, batch, most: 1, frames => frames.Headers(stream += 2, headers).Data(stream, prefix).Data(stream, part).Data(stream, part).Reset(stream));
    }
}
