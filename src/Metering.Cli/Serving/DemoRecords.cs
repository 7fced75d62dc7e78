using Google.Protobuf.WellKnownTypes;
using Yandex.Cloud.Marketplace.Metering.V1;

namespace Metering.Cli;

/// <summary>The usage that the demo reports, on the ids of the sample catalog: the same amounts every time, fresh uuids.</summary>
internal sealed class DemoRecords(DateTimeOffset now)
{
    /// <summary>Product instances and image customers of the sample catalog, with the account that reports each.</summary>
    public static readonly IReadOnlyList<(string Account, string Target, bool IsImage, string[] Skus, int Records)> Sources =
    [
        ("acme-reporter", "acme-database-first", false, ["acme-database-core-hours", "acme-database-storage", "acme-database-requests"], 1500),
        ("acme-reporter", "acme-database-second", false, ["acme-database-core-hours", "acme-database-storage", "acme-database-requests"], 900),
        ("first-customer-gateway", "f2e4tmlj4qqciunhr7e6", true, ["dn272e8979uvek5cnuhk", "acme-gateway-traffic"], 400),
        ("second-customer-gateway", "f2e4tmlj4qqciunhr7e6", true, ["dn272e8979uvek5cnuhk", "acme-gateway-traffic"], 700),
    ];

    private const int Seed = 2026;
    private const int SecondsBack = 3000; // inside the acceptance window of an hour

    private readonly Random _random = new(Seed);

    /// <summary>A source's usage over the last fifty minutes.</summary>
    public IEnumerable<UsageRecord> Of(string[] skus, int records)
    {
        for (int index = 0; index < records; index++)
        {
            string sku = skus[index % skus.Length];
            int scale = sku.EndsWith("requests", StringComparison.Ordinal) ? 5000 : 40;
            yield return Record(sku, 1 + _random.Next(scale), TimeSpan.FromSeconds(_random.Next(SecondsBack)));
        }
    }

    /// <summary>One record for every reason to reject one, in the order in which the rules are asked.</summary>
    /// <param name="sku">A SKU of the owner's product.</param>
    /// <param name="otherSku">A SKU of another product.</param>
    /// <param name="countedUuid">A uuid that was counted before.</param>
    public IEnumerable<UsageRecord> OneForEachReason(string sku, string otherSku, string countedUuid)
    {
        yield return Record(sku, 1, uuid: "not-a-uuid");
        yield return Record("no-such-sku", 1);
        yield return Record(otherSku, 1);
        yield return Record(sku, 1, uuid: countedUuid);
        yield return Record(sku, 1, TimeSpan.FromHours(2));
        yield return Record(sku, 1, TimeSpan.FromMinutes(-10));
        yield return Record(sku, 0);
    }

    /// <summary>A record that is in order, unless told otherwise.</summary>
    public UsageRecord Record(string sku, long quantity, TimeSpan age = default, string? uuid = null) => new()
    {
        Uuid = uuid ?? Guid.NewGuid().ToString("D"),
        SkuId = sku,
        Quantity = quantity,
        Timestamp = Timestamp.FromDateTimeOffset(now - age),
    };
}
