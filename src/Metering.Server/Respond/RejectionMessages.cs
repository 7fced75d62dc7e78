using Google.Protobuf.WellKnownTypes;
using Metering.Contracts.V1;
using Metering.Ledger;
using RejectedRecord = Metering.Contracts.V1.RejectedRecord;
using Field = Metering.Contracts.V1.DuplicateConflict.Types.Field;

namespace Metering.Server;

/// <summary>Rejected records and conflicts as messages, with the names that the catalog gives to the ledger's numbers.</summary>
internal static class RejectionMessages
{
    private static readonly (RecordDifferences Difference, Field Field)[] Fields =
    [
        (RecordDifferences.Sku, Field.SkuId), (RecordDifferences.Owner, Field.Owner),
        (RecordDifferences.Quantity, Field.Quantity), (RecordDifferences.Timestamp, Field.Timestamp),
    ];

    private static readonly Dictionary<string, Verdict> Reasons =
        System.Enum.GetValues<Verdict>().Where(verdict => verdict != Verdict.Accepted).ToDictionary(UsageVerdictCodec.NameOf);

    /// <summary>The reason of a name; null when there is none.</summary>
    public static Verdict? ReasonOf(string name) => Reasons.TryGetValue(name, out Verdict reason) ? reason : null;

    /// <summary>The names of all reasons.</summary>
    public static IEnumerable<string> ReasonNames => Reasons.Keys;

    /// <summary>Differences, one by one.</summary>
    public static IEnumerable<Field> FieldsOf(RecordDifferences differences) =>
        Fields.Where(field => differences.HasFlag(field.Difference)).Select(field => field.Field);

    /// <summary>A rejected record.</summary>
    /// <param name="record">The record.</param>
    /// <param name="isAccepted">A record with its uuid is accepted.</param>
    /// <param name="names">The catalog's names.</param>
    public static RejectedRecord Of(Ledger.RejectedRecord record, bool isAccepted, RejectionNames names)
    {
        Timestamp? timestamp = record.HasTimestamp ? Moments.OrNothing(record.TimestampSeconds, record.TimestampNanoseconds) : null;
        InstanceEntry? instance = names.Catalog.InstanceByKey(record.OwnerKey);
        var message = new RejectedRecord
        {
            Uuid = record.Uuid,
            SkuId = record.SkuId,
            Unit = names.SkuOf(record.SkuId)?.Value.Unit ?? string.Empty,
            Quantity = record.Quantity,
            Timestamp = timestamp,
            ProductId = record.Kind == UsageKind.Image ? record.Target : instance?.Product.Product.Id ?? string.Empty,
            ProductInstanceId = record.Kind == UsageKind.Image ? string.Empty : record.Target,
            BillingAccountId = (instance?.Customer ?? names.Catalog.CustomerByKey(record.OwnerKey))?.Customer.Id ?? string.Empty,
            Reason = UsageVerdictCodec.NameOf(record.Reason),
            Received = RecordMessages.TimestampOf(record.ReceivedUnixNanoseconds),
            ServiceAccountId = names.AccountOf(record.AccountKey),
            RequestId = record.RequestId.ToString(),
            AcceptedSince = isAccepted,
            Cut = record.IsCut,
        };
        message.DiffersIn.Add(FieldsOf(record.Differences));
        if (record.HasTimestamp && timestamp is null)
            (message.TimestampSeconds, message.TimestampNanos) = (record.TimestampSeconds, record.TimestampNanoseconds);
        return message;
    }

    /// <summary>A duplicate that differs.</summary>
    /// <param name="sent">As it was sent.</param>
    /// <param name="counted">What was counted; null when the caller may not see it.</param>
    /// <param name="catalog">The catalog's names.</param>
    public static DuplicateConflict ConflictOf(Ledger.RejectedRecord sent, CountedRecord? counted, CatalogSnapshot catalog)
    {
        var conflict = new DuplicateConflict { Uuid = sent.Uuid };
        if (counted is not { } record)
            return conflict;
        conflict.Fields.Add(FieldsOf(sent.Differences));
        conflict.Counted = ContentOf(record, catalog);
        conflict.Sent = ContentOf(
            sent.OwnerKey, sent.SkuId, sent.Quantity,
            sent.HasTimestamp ? Moments.OrNothing(sent.TimestampSeconds, sent.TimestampNanoseconds) : null, catalog);
        return conflict;
    }

    /// <summary>What a counted record says.</summary>
    public static RecordContent ContentOf(CountedRecord counted, CatalogSnapshot catalog) => ContentOf(
        counted.OwnerKey, catalog.SkuByKey(counted.SkuKey)?.Value.Id ?? string.Empty, counted.Quantity,
        RecordMessages.TimestampOf(counted.TimestampUnixNanoseconds), catalog);

    /// <summary>What a record says.</summary>
    public static RecordContent ContentOf(int ownerKey, string skuId, long quantity, Timestamp? timestamp, CatalogSnapshot catalog)
    {
        InstanceEntry? instance = catalog.InstanceByKey(ownerKey);
        return new RecordContent
        {
            SkuId = skuId,
            ProductInstanceId = instance?.Instance.Id ?? string.Empty,
            BillingAccountId = (instance?.Customer ?? catalog.CustomerByKey(ownerKey))?.Customer.Id ?? string.Empty,
            Quantity = quantity,
            Timestamp = timestamp,
        };
    }
}

/// <summary>
/// Names that a rejected record needs beside those of the catalog's snapshot: of SKUs by text, of accounts that are gone. A
/// publisher that named another's SKU is told no more of it than of one that there is not.
/// </summary>
internal sealed class RejectionNames(CatalogSnapshot catalog, ReadScope scope)
{
    private Dictionary<int, string>? _accounts;

    /// <summary>The catalog.</summary>
    public CatalogSnapshot Catalog => catalog;

    /// <summary>The SKU with an id as it was sent; null when there is none, or it is none of the publisher's who asks.</summary>
    public SkuEntry? SkuOf(string skuId) =>
        catalog.FindSku(System.Text.Encoding.UTF8.GetBytes(skuId)) is { } sku
        && (scope.PublisherId is null || sku.Product.Product.PublisherId == scope.PublisherId)
            ? sku
            : null;

    /// <summary>The id of an account, gone or not; empty when there never was one.</summary>
    public string AccountOf(int accountKey)
    {
        _accounts ??= catalog.Stored.Objects.Where(stored => stored.Object is ServiceAccount).ToDictionary(stored => stored.Key, stored => stored.Object.Id);
        return _accounts.GetValueOrDefault(accountKey, string.Empty);
    }
}
