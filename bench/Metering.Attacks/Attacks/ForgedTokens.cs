namespace Metering.Attacks;

/// <summary>
/// Exchanges JWTs that have the form and a signature that nobody made: each costs the server a verification. RFC 8725.
/// </summary>
internal sealed class ForgedTokens : Attack
{
    public override string Name => "forged-tokens";

    public override string Does => "token exchanges with forged JWTs";

    public override IReadOnlyList<string> MetBy => ["ExchangeRate", "JwtCharacters"];

    public override string Unit => "exchanges";

    public override double UnitsPerSecond => 500;

    public override async Task AttackAsync(AttackLane lane)
    {
        await using AttackConnection connection = await lane.OpenHttp2Async();
        byte[] headers = HeaderBlock.OfCall(Messages.TokenPath, token: null);
        byte[] message = Messages.ForgedJwt(lane.Time);
        var batch = new FrameBatch();
        int stream = -1;
        while (true)
            await lane.SendAsync(connection, batch, most: 5, frames => frames.Headers(stream += 2, headers).Data(stream, message, endsStream: true));
    }
}
