namespace Metering.Server.Tests;

/// <summary>Requests at random, valid and broken in every way, with uuids that come again.</summary>
internal sealed class RandomWrites(Random random)
{
    private const int Uuids = 250; // so few that duplicates are common

    private static readonly string[] BadUuids =
    [
        "", "x", "00000000-0000-0000-0000-000000000000", "ffffffff-FFFF-ffff-ffff-ffffffffffff", "+2345678-1234-1234-1234-123456789012",
        "0x345678-1234-1234-1234-123456789012", "{12345678-1234-1234-1234-123456789012}", "12345678123412341234123456789012",
        "12345678-1234-1234-1234-12345678901g", "12345678-1234-1234-1234-1234567890123", "é2345678-1234-1234-1234-12345678901",
    ];

    public ModelWrite Next(DateTimeOffset now)
    {
        bool isImage = random.Next(2) == 0;
        string account = !isImage ? "acme-reporter" : random.Next(2) == 0 ? "first-customer-gateway" : "second-customer-gateway";
        string target = isImage
            ? random.Next(12) switch { 0 => "no-such-product", 1 => ModelCatalog.Database, _ => ModelCatalog.Gateway }
            : random.Next(2) == 0 ? "acme-database-first" : "acme-database-second";
        List<ModelRecord> records = [.. Enumerable.Range(0, random.Next(1, 26)).Select(_ => Record(isImage, now))];
        return new ModelWrite(account, isImage, target, random.Next(5) == 0, records);
    }

    private ModelRecord Record(bool isImage, DateTimeOffset now)
    {
        string[] own = isImage ? ModelCatalog.AllSkus[5..] : ModelCatalog.AllSkus[..5];
        string sku = random.Next(15) switch
        {
            0 => "no-such-sku",
            1 => "",
            2 => ModelCatalog.AllSkus[random.Next(ModelCatalog.AllSkus.Length)],
            _ => own[random.Next(own.Length)],
        };
        long quantity = random.Next(8) switch { 0 => 0, 1 => -random.Next(1, 5), 2 => long.MaxValue, 3 => long.MinValue, _ => random.Next(1, 1000) };
        return new ModelRecord(random.Next(12) == 0 ? BadUuids[random.Next(BadUuids.Length)] : Uuid(), sku, quantity, Moment(now));
    }

    private string Uuid()
    {
        string uuid = $"{random.Next(Uuids):x8}-aBcd-4def-8Abc-0123456789aF";
        return random.Next(3) switch { 0 => uuid.ToUpperInvariant(), 1 => uuid.ToLowerInvariant(), _ => uuid };
    }

    private (long Seconds, int Nanoseconds)? Moment(DateTimeOffset now)
    {
        long seconds = now.ToUnixTimeSeconds();
        int nanoseconds = (int)(now.UtcTicks % TimeSpan.TicksPerSecond) * 100;
        return random.Next(16) switch
        {
            0 => null,
            1 => (seconds - 3600, nanoseconds), // the edges of the window, inside and a nanosecond outside
            2 => nanoseconds == 0 ? (seconds - 3601, 999_999_999) : (seconds - 3600, nanoseconds - 1),
            3 => (seconds + 60, nanoseconds),
            4 => (seconds + 60, nanoseconds + 1),
            5 => (seconds - random.Next(3601, 100_000), 0),
            6 => (seconds + random.Next(61, 100_000), 0),
            7 => random.Next(4) == 0 ? (long.MaxValue, 0) : (seconds, random.Next(999_999_999)),
            8 => random.Next(4) == 0 ? (long.MinValue, 0) : (seconds, random.Next(999_999_999)),
            9 => random.Next(4) == 0 ? (seconds, -1) : (seconds, 0),
            _ => (seconds - random.Next(-55, 3500), random.Next(999_999_999)),
        };
    }
}
