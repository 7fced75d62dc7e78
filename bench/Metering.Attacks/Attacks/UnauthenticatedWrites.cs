namespace Metering.Attacks;

/// <summary>
/// Full Writes under tokens that the server never issued, another one each time, so that no answer can be remembered.
/// </summary>
internal sealed class UnauthenticatedWrites : Attack
{
    private const int AlteredCharacters = 8;

    public override string Name => "unauthenticated-writes";

    public override string Does => "Writes with made-up tokens";

    public override IReadOnlyList<string> MetBy => ["IamTokenCharacters", "VerifiedTokens"];

    public override string Unit => "requests";

    public override double UnitsPerSecond => 1_000;

    public override async Task AttackAsync(AttackLane lane)
    {
        await using AttackConnection connection = await lane.OpenHttp2Async();
        byte[] message = Messages.DryRun(lane.Target, lane.Time);
        var batch = new FrameBatch();
        int stream = -1;
        while (true)
        {
            await lane.SendAsync(connection, batch, most: 5, frames =>
                frames.Headers(stream += 2, HeaderBlock.OfCall(Messages.WritePath, Altered(lane.Target.Token, stream))).Data(stream, message, endsStream: true));
        }
    }

    // The signature's end is another one each time: everything before it holds.
    private static string Altered(string token, int number) => token[..^AlteredCharacters] + number.ToString("D8");
}
