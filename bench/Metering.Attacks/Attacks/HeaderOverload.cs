using Metering.Load;

namespace Metering.Attacks;

/// <summary>
/// Requests whose headers together are larger than allowed, up to several frames each.
/// </summary>
internal sealed class HeaderOverload : Attack
{
    private const int FieldCharacters = 4000;
    private const int ContinuationFrames = 8;

    public override string Name => "header-overload";

    public override string Does => "requests with 64 KiB of headers";

    public override IReadOnlyList<string> MetBy => ["RequestHeadersBytes", "Http2ConnectionsPerAddress"];

    public override string Unit => "requests";

    public override double UnitsPerSecond => 500;

    public override bool IsCutOff => true;

    public override async Task AttackAsync(AttackLane lane)
    {
        await using AttackConnection connection = await lane.OpenHttp2Async();
        byte[] call = HeaderBlock.OfCall(Messages.WritePath, lane.Target.Token);
        byte[] field = HeaderBlock.Field("x-large", new string('l', FieldCharacters));
        byte[] fields = [.. field, .. field];
        var batch = new FrameBatch();
        int stream = -1;
        while (true)
        {
            await lane.SendAsync(connection, batch, most: 2, frames =>
            {
                frames.Add(Http2Frame.Headers, Http2Frame.EndStream, stream += 2, call);
                for (int number = 0; number < ContinuationFrames; number++)
                    frames.Add(Http2Frame.Continuation, number == ContinuationFrames - 1 ? Http2Frame.EndHeaders : (byte)0, stream, fields);
            });
        }
    }
}
