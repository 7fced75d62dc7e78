using Metering.Server.Tests;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>One who sends, and what for.</summary>
internal sealed record Sender(string Account, string Publisher, string Product, string Instance, string BillingAccount, params string[] Skus);

/// <summary>A record as it is sent, and what has to become of it: nothing, or the reason of its rejection.</summary>
internal sealed record PlannedRecord(WrittenRecord Record, string Reason);

/// <summary>One request.</summary>
internal sealed record PlannedRequest(Sender Sender, IReadOnlyList<PlannedRecord> Records);

/// <summary>
/// Usage made from a seed alone, so that any server can be sent the same: three customers of two publishers, records that are
/// accepted, rejected for every reason and sent twice, sums far beyond 64 bits.
/// </summary>
internal sealed class HistoryPlan(int seed)
{
    public const string Acme = RecordHistory.Publisher;
    public const string Rival = RecordHistory.Rival;
    public const string Buyer = RecordHistory.Customer;
    public const string BuyerAccount = "dn2first0customer";
    public const string RivalsBuyer = "dn2third0customer";
    public const int DaysBack = 9;

    /// <summary>Servers accept records of the last days.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromDays(DaysBack + 1);

    private const string Storage = "acme-database-storage";

    /// <summary>When the first request is sent; each of the others a moment later.</summary>
    public static readonly DateTimeOffset Start = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    private static readonly Sender[] Senders =
    [
        new(Acme, "acme", "acme-database", "acme-database-first", BuyerAccount, "acme-database-core-hours", Storage),
        new(Acme, "acme", "acme-database", "acme-database-second", "dn2second0customer", "acme-database-core-hours", "acme-database-requests"),
        new(Buyer, "acme", RunningServer.ImageProduct, "", BuyerAccount, RunningServer.ImageSku, "acme-gateway-traffic"),
        new(Rival, "rival", "rival-app", "rival-instance", BuyerAccount, "rival-sku"),
        new(Rival, "rival", "rival-app", "rival-second", RivalsBuyer, "rival-sku"),
    ];

    private readonly Random _random = new(seed);
    private readonly List<(Sender Sender, WrittenRecord Record)> _accepted = [];
    private readonly List<(Sender Sender, WrittenRecord Record)> _rejected = [];

    /// <summary>The sample's catalog with a rival, one of whose customers buys from nobody else.</summary>
    public static string Catalog => RecordHistory.Catalog
        .Replace("customers:\n", $"customers:\n  - billing_account: {RivalsBuyer}\n    name: Third\n", StringComparison.Ordinal)
        .Replace("instances:\n", $"instances:\n  - id: rival-second\n    product: rival-app\n    customer: {RivalsBuyer}\n", StringComparison.Ordinal);

    /// <summary>A record each half of an hour, and one at the very end of each, from ten hours before a moment to ten after it.</summary>
    public static List<PlannedRequest> Around(DateTimeOffset moment)
    {
        var plan = new HistoryPlan(seed: (int)(moment.Ticks / TimeSpan.TicksPerHour % int.MaxValue));
        IEnumerable<PlannedRecord> records = Enumerable.Range(-40, 80).Select(half => new PlannedRecord(
            plan.Sound(Senders[0]) with { Timestamp = moment.AddMinutes(30 * (half / 2)).AddTicks(half % 2 == 0 ? 0 : -1), Quantity = half + 200 }, ""));
        return [.. records.Chunk(25).Select(some => new PlannedRequest(Senders[0], some))];
    }

    /// <summary>The same records in other requests and in another order.</summary>
    public static List<PlannedRequest> Shuffled(IEnumerable<WrittenRecord> records, Random random)
    {
        WrittenRecord[] shuffled = [.. records];
        random.Shuffle(shuffled);
        return
        [
            .. shuffled.GroupBy(record => Senders.Single(sender => sender.Account == record.Account && sender.Instance == record.Instance))
                .SelectMany(group => group.Chunk(random.Next(1, 26)).Select(some =>
                    new PlannedRequest(group.Key, [.. some.Select(record => new PlannedRecord(record, ""))])))
                .OrderBy(_ => random.Next()),
        ];
    }

    /// <summary>Further requests.</summary>
    public List<PlannedRequest> Next(int requests) => [.. Enumerable.Range(0, requests).Select(_ => NextRequest())];

    /// <summary>Some accepted record, and what it should have been instead.</summary>
    public (WrittenRecord Record, long Quantity) NextCorrection() =>
        (_accepted[_random.Next(_accepted.Count)].Record, _random.Next(4) == 0 ? 0 : _random.NextInt64(long.MaxValue));

    private PlannedRequest NextRequest()
    {
        Sender sender = Senders[_random.Next(Senders.Length)];
        return new PlannedRequest(sender, [.. Enumerable.Range(0, _random.Next(1, 12)).Select(_ => NextRecord(sender))]);
    }

    private PlannedRecord NextRecord(Sender sender)
    {
        int kind = _random.Next(12);
        if (kind == 0 && Again(_accepted, sender) is { } counted)
            return new PlannedRecord(counted, "DUPLICATE");
        WrittenRecord record = Sound(sender);
        if (kind == 1 && Again(_rejected, sender) is { } refused)
        {
            record = record with { Uuid = refused.Uuid }; // a rejection uses up no uuid
            _rejected.RemoveAll(one => one.Record.Uuid == refused.Uuid);
        }

        (record, string reason) = kind switch
        {
            2 => (record with { Sku = "no-such-sku", Unit = "" }, "INVALID_SKU_ID"),
            3 => (record with { Uuid = $"not-a-uuid-{_random.Next(5)}" }, "INVALID_ID"),
            4 => (record with { Quantity = 0 }, "INVALID_QUANTITY"),
            5 => (record with { Timestamp = Start.AddDays(-30) }, "EXPIRED"),
            6 when sender.Publisher == "acme" => (record with { Sku = "rival-sku", Unit = "" }, "INVALID_PRODUCT_ID"),
            _ => (record, ""),
        };
        if (reason.Length == 0)
            _accepted.Add((sender, record));
        else if (reason is "INVALID_QUANTITY" or "EXPIRED")
            _rejected.Add((sender, record));
        return new PlannedRecord(record, reason);
    }

    private WrittenRecord? Again(List<(Sender Sender, WrittenRecord Record)> records, Sender sender)
    {
        WrittenRecord[] own = [.. records.Where(one => one.Sender == sender).Select(one => one.Record)];
        return own.Length == 0 ? null : own[_random.Next(own.Length)];
    }

    private WrittenRecord Sound(Sender sender)
    {
        string sku = sender.Skus[_random.Next(sender.Skus.Length)];
        DateTimeOffset timestamp = _random.Next(6) == 0
            ? Start.AddHours(-_random.Next(DaysBack * 24)) // on an edge of every window
            : Start.AddTicks(-_random.NextInt64(TimeSpan.FromDays(DaysBack).Ticks));
        long quantity = _random.Next(3) == 0 ? long.MaxValue - _random.Next(5) : _random.Next(1, 1000);
        byte[] uuid = new byte[16];
        _random.NextBytes(uuid);
        return new WrittenRecord(
            new Guid(uuid).ToString(), sender.Product, sender.Instance, sender.BillingAccount, sku, UnitOf(sku), quantity, timestamp, default, sender.Account, sender.Publisher);
    }

    private static string UnitOf(string sku) => sku switch
    {
        Storage => "gbyte*hour",
        "acme-database-requests" => "request",
        "acme-gateway-traffic" => "gbyte",
        "rival-sku" => "piece, \"large\"",
        _ => "core*hour",
    };
}
