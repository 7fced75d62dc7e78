using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// Third question of the path: has the request its form, and which rules does each record break that need no ledger?
/// Takes the request's one reading of the clock.
/// </summary>
public sealed class Validator(MeteringClock clock, TimeSpan acceptanceWindow, TimeSpan futureTolerance)
{
    /// <summary>Refuses a request without form; else examines each record by <see cref="Judge"/>.</summary>
    public Refusal? Validate(UsageWrite write, CatalogSnapshot catalog) => Validate(write, catalog, default);

    /// <summary>The same, with the window of each record as it was at a moment of its own; of all of them now, when none are given.</summary>
    public Refusal? Validate(UsageWrite write, CatalogSnapshot catalog, ReadOnlySpan<long> asOfUnixNanoseconds)
    {
        if (RequestForm.Check(write) is { } refusal)
            return refusal;

        write.ReceivedUnixNanoseconds = clock.ReadUnixNanoseconds();
        var window = new AcceptanceWindow(write.ReceivedUnixNanoseconds, acceptanceWindow, futureTolerance);
        SkuEntry? sku = null;
        TextSlice skuText = default;
        Span<UsageRecord> records = write.Records;
        for (int place = 0; place < records.Length; place++)
        {
            ref UsageRecord record = ref records[place];

            // Neighbours mostly name the same SKU: one look-up then serves them all.
            if (skuText.Length == 0 || !write.Text(record.SkuText).SequenceEqual(write.Text(skuText)))
            {
                skuText = record.SkuText;
                sku = catalog.FindSku(write.Text(skuText));
            }

            record.SkuKey = sku?.Key ?? 0;
            bool uuidIsValid = RecordUuid.TryParse(write.Text(record.UuidText), out record.Uuid);
            if (!asOfUnixNanoseconds.IsEmpty)
                window = window with { NowUnixNanoseconds = asOfUnixNanoseconds[place] };
            Judge.Examine(ref record, uuidIsValid, sku, write.Product, window);
        }

        return null;
    }
}
