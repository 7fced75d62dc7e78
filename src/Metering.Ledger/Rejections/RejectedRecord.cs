namespace Metering.Ledger;

/// <summary>In what a duplicate differs from the record that was counted. The numbers are stored and never change.</summary>
[Flags]
public enum RecordDifferences : byte
{
    /// <summary>In nothing: it is the same record, sent again.</summary>
    None = 0,

    /// <summary>Another SKU.</summary>
    Sku = 1,

    /// <summary>Another product instance or customer.</summary>
    Owner = 2,

    /// <summary>Another amount.</summary>
    Quantity = 4,

    /// <summary>Another timestamp, or none.</summary>
    Timestamp = 8,
}

/// <summary>
/// A record that was rejected, as it was sent. Texts longer than <see cref="Limits.RejectedTextBytes"/> are cut off there.
/// </summary>
public sealed record RejectedRecord
{
    /// <summary>The uuid's spelling: any text.</summary>
    public required string Uuid { get; init; }

    /// <summary>The SKU's id: any text.</summary>
    public required string SkuId { get; init; }

    /// <summary>The service that it came through.</summary>
    public required UsageKind Kind { get; init; }

    /// <summary>The product instance or the product that the request named, by <see cref="Kind"/>.</summary>
    public required string Target { get; init; }

    /// <summary>The catalog's number of the product instance or customer to whom it would have been counted.</summary>
    public required int OwnerKey { get; init; }

    /// <summary>The catalog's number of the service account that sent it.</summary>
    public required int AccountKey { get; init; }

    /// <summary>Amount: any number.</summary>
    public required long Quantity { get; init; }

    /// <summary>Whether it had a timestamp at all.</summary>
    public required bool HasTimestamp { get; init; }

    /// <summary>Timestamp, seconds since 1970-01-01T00:00:00Z: any number.</summary>
    public long TimestampSeconds { get; init; }

    /// <summary>Timestamp, nanoseconds of the second: any number.</summary>
    public int TimestampNanoseconds { get; init; }

    /// <summary>Why.</summary>
    public required Verdict Reason { get; init; }

    /// <summary>When, in nanoseconds since 1970-01-01T00:00:00Z.</summary>
    public required long ReceivedUnixNanoseconds { get; init; }

    /// <summary>The request that it came with.</summary>
    public required Guid RequestId { get; init; }

    /// <summary>Its place in that request, from 0.</summary>
    public required int Place { get; init; }

    /// <summary>Of a duplicate: in what it differs from the record that was counted.</summary>
    public RecordDifferences Differences { get; init; }

    /// <summary>Some text was too long to be kept whole.</summary>
    public bool IsCut { get; init; }

    /// <summary>A record of a judged request, with what a duplicate differs in.</summary>
    public static RejectedRecord Of(UsageWrite write, int place, RecordDifferences differences = RecordDifferences.None)
    {
        ref readonly UsageRecord record = ref write.Records[place];
        ReadOnlySpan<byte> uuid = write.Text(record.UuidText), sku = write.Text(record.SkuText), target = write.Text(write.TargetText);
        return new RejectedRecord
        {
            Uuid = RejectedText.Read(RejectedText.Cut(uuid)),
            SkuId = RejectedText.Read(RejectedText.Cut(sku)),
            Kind = write.Kind,
            Target = RejectedText.Read(RejectedText.Cut(target)),
            OwnerKey = write.OwnerKey,
            AccountKey = write.AccountKey,
            Quantity = record.Quantity,
            HasTimestamp = record.HasTimestamp,
            TimestampSeconds = record.HasTimestamp ? record.TimestampSeconds : 0,
            TimestampNanoseconds = record.HasTimestamp ? record.TimestampNanoseconds : 0,
            Reason = record.Verdict,
            ReceivedUnixNanoseconds = write.ReceivedUnixNanoseconds,
            RequestId = write.RequestId,
            Place = place,
            Differences = differences,
            IsCut = RejectedText.IsCut(uuid) || RejectedText.IsCut(sku) || RejectedText.IsCut(target),
        };
    }
}
