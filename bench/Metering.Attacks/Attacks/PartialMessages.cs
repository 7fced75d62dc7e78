namespace Metering.Attacks;

/// <summary>
/// Sends nearly all of the largest message that is allowed on every stream of every connection, then falls silent: the
/// server keeps what came.
/// </summary>
internal sealed class PartialMessages : Attack
{
    private const int MessageBytes = 64 * 1024;
    private const int PartBytes = 2600;

    public override string Name => "partial-messages";

    public override string Does => "messages of 64 KiB that lack their last byte";

    public override IReadOnlyList<string> MetBy => ["MessageBytesInFlightPerAddress", "WriteMessageBytes", "ConnectionWindowBytes", "RequestBytesPerSecond", "DataRateGrace"];

    public override string Unit => "messages";

    public override double UnitsPerSecond => 6_400;

    public override int Lanes => 64;

    public override async Task AttackAsync(AttackLane lane)
    {
        await using AttackConnection connection = await lane.OpenHttp2Async();
        byte[] headers = HeaderBlock.OfCall(Messages.WritePath, lane.Target.Token);
        byte[] prefix = Messages.Prefix(MessageBytes);
        byte[] part = new byte[PartBytes];
        var batch = new FrameBatch();

        // The connection's window ends it before all streams are full: every stream gets its share.
        for (int stream = 1; stream < 200; stream += 2)
            await lane.SendAsync(connection, batch, most: 1, frames => frames.Headers(stream, headers).Data(stream, prefix).Data(stream, part));
        await AttackLane.HoldAsync(connection);
    }
}
