using System.Text;

namespace Metering.Ledger.TestKit;

/// <summary>A record that is sent as text, and what a stage before the ledger, or the ledger itself, makes of it.</summary>
public sealed record RejectedSpec(string Uuid, Verdict Reason = Verdict.InvalidSkuId)
{
    public string Sku { get; init; } = "no-such-sku";

    public long Quantity { get; init; } = 1;

    /// <summary>Seconds and nanoseconds since 1970; null for no timestamp.</summary>
    public (long Seconds, int Nanoseconds)? Timestamp { get; init; } = (1_772_368_200, 5);

    public int SkuKey { get; init; }

    /// <summary>The uuid of a small number.</summary>
    public static string UuidOf(long id) => RecordUuid.Format(new RecordSpec(id).Uuid);

    /// <summary>A request with such records, as the stages before the ledger hand it over.</summary>
    public static UsageWrite Request(
        TestLedger ledger, IReadOnlyList<RejectedSpec> specs, int owner = TestLedger.Owner, string target = "instance", UsageKind kind = UsageKind.ProductInstance,
        bool dryRun = false) => Request(ledger.Time, specs, owner, target, kind, dryRun);

    /// <summary>The same, received at the time of a clock.</summary>
    public static UsageWrite Request(
        ManualTime time, IReadOnlyList<RejectedSpec> specs, int owner = TestLedger.Owner, string target = "instance", UsageKind kind = UsageKind.ProductInstance,
        bool dryRun = false)
    {
        var text = new List<byte>();
        TextSlice Put(string value)
        {
            byte[] utf8 = Encoding.UTF8.GetBytes(value);
            text.AddRange(utf8);
            return new TextSlice(text.Count - utf8.Length, utf8.Length);
        }

        long now = MeteringClock.ToUnixNanoseconds(time.GetUtcNow());
        var write = new UsageWrite
        {
            Kind = kind,
            DryRun = dryRun,
            OwnerKey = owner,
            AccountKey = TestLedger.Account,
            RequestId = new Guid((int)(now / 1_000_000_000), (short)owner, 2, 3, 4, 5, 6, 7, 8, 9, 10),
            ReceivedUnixNanoseconds = now,
            TargetText = Put(target),
        };
        foreach (RejectedSpec spec in specs)
        {
            ref UsageRecord record = ref write.AddRecord();
            record.UuidText = Put(spec.Uuid);
            record.SkuText = Put(spec.Sku);
            record.SkuKey = spec.SkuKey;
            record.Quantity = spec.Quantity;
            record.HasTimestamp = spec.Timestamp is not null;
            (record.TimestampSeconds, record.TimestampNanoseconds) = spec.Timestamp ?? default;
            bool isUuid = RecordUuid.TryParse(Encoding.UTF8.GetBytes(spec.Uuid), out record.Uuid);
            record.BeforeDuplicate = !isUuid ? Verdict.InvalidId : spec.Reason < Verdict.Duplicate ? spec.Reason : Verdict.Accepted;
            record.AfterDuplicate = spec.Reason > Verdict.Duplicate ? spec.Reason : Verdict.Accepted;
        }

        write.Payload = [.. text];
        return write;
    }
}
