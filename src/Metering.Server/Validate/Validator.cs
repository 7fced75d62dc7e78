using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// Third question of the path: has the request its form, and which rules does each record break that need no ledger?
/// Takes the request's one reading of the clock.
/// </summary>
public sealed class Validator(MeteringClock clock, TimeSpan acceptanceWindow, TimeSpan futureTolerance)
{
    /// <summary>Refuses a request without form; else examines each record by <see cref="Judge"/>.</summary>
    public Refusal? Validate(UsageWrite write, CatalogSnapshot catalog)
    {
        if (RequestForm.Check(write) is { } refusal)
            return refusal;

        write.ReceivedUnixNanoseconds = clock.ReadUnixNanoseconds();
        var window = new AcceptanceWindow(write.ReceivedUnixNanoseconds, acceptanceWindow, futureTolerance);
        SkuEntry? sku = null;
        TextSlice skuText = default;
        foreach (ref UsageRecord record in write.Records)
        {
            // Neighbours mostly name the same SKU: one look-up then serves them all.
            if (skuText.Length == 0 || !write.Text(record.SkuText).SequenceEqual(write.Text(skuText)))
            {
                skuText = record.SkuText;
                sku = catalog.FindSku(write.Text(skuText));
            }

            record.SkuKey = sku?.Key ?? 0;
            bool uuidIsValid = RecordUuid.TryParse(write.Text(record.UuidText), out record.Uuid);
            Judge.Examine(ref record, uuidIsValid, sku, write.Product, window);
        }

        return null;
    }
}
