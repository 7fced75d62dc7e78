using System.Runtime.InteropServices;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>A product's SKU in a statement.</summary>
internal readonly record struct StatementSum(string ProductId, string SkuId, string Unit, Int128 Quantity, long Records);

/// <summary>What a closed period holds: sums by SKU, and the digest of its records.</summary>
/// <param name="Sums">By product and SKU.</param>
/// <param name="Records">Number of records.</param>
/// <param name="Sha256">Lower-case hexadecimal digits.</param>
internal sealed record StatementContent(IReadOnlyList<StatementSum> Sums, long Records, string Sha256)
{
    /// <summary>
    /// Goes through the records as often as it takes to have each of them in order, a bounded number at once; null when
    /// records were added meanwhile, so that no two passes saw the same.
    /// </summary>
    public static async Task<StatementContent?> MakeAsync(
        RecordView view, IRecordReader records, int recordsMaximum, CancellationToken cancellationToken)
    {
        using var digest = new StatementDigest();
        var sums = new Dictionary<RecordSeries, (Int128 Quantity, long Records)>(ReferenceEqualityComparer.Instance);
        long taken = 0, counted = 0;
        UInt128? last = null;
        do
        {
            bool isFirst = last is null;
            var pass = new StatementRecords(last, recordsMaximum);
            long seen = 0;
            await foreach (StatementRecord record in WalkAsync(view, records, cancellationToken))
            {
                seen++;
                pass.Add(record);
                if (!isFirst)
                    continue;
                ref (Int128 Quantity, long Records) sum = ref CollectionsMarshal.GetValueRefOrAddDefault(sums, record.Series, out _);
                sum = (checked(sum.Quantity + record.Quantity), sum.Records + 1);
            }

            if (!isFirst && seen != counted)
                return null;
            counted = seen;
            IReadOnlyList<StatementRecord> first = pass.Take();
            foreach (StatementRecord record in first)
                digest.Add(record);
            taken += first.Count;
            if (first.Count > 0)
                last = first[^1].Uuid;
            else if (taken < counted)
                return null;
        }
        while (taken < counted);

        return taken == counted ? new StatementContent(BySku(sums), counted, digest.Finish()) : null;
    }

    /// <summary>The sums of the corrections of a period's records, by product and SKU; <see cref="StatementSum.Records"/> counts them.</summary>
    public static async Task<IReadOnlyList<StatementSum>> CorrectionsAsync(
        RecordView view, ICorrections corrections, CancellationToken cancellationToken)
    {
        var sums = new Dictionary<RecordSeries, (Int128 Quantity, long Records)>(ReferenceEqualityComparer.Instance);
        var range = new CorrectionRange(view.Question.From ?? long.MinValue, view.Question.To ?? long.MaxValue);
        await foreach (Correction correction in corrections.ReadAsync(range, cancellationToken))
        {
            if (view.Find(correction.OwnerKey, correction.SkuKey) is not { } series)
                continue;
            ref (Int128 Quantity, long Records) sum = ref CollectionsMarshal.GetValueRefOrAddDefault(sums, series, out _);
            sum = (sum.Quantity + correction.Quantity, sum.Records + 1);
        }

        return BySku(sums);
    }

    private static async IAsyncEnumerable<StatementRecord> WalkAsync(
        RecordView view, IRecordReader records, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var walk = new RecordWalk(records, view);
        LedgerCursor place = await walk.BeginAsync(LedgerCursor.Start, cancellationToken);
        while (true)
        {
            RecordPage page = await records.ReadAsync(place, Limits.PageRecords, cancellationToken);
            foreach (CountedRecord record in page.Records)
            {
                if (view.Find(record) is { } series)
                    yield return new StatementRecord(record.Uuid, series, record.Quantity, record.TimestampUnixNanoseconds);
            }

            place = page.Next;
            if (page.IsEnd || await walk.IsPastAsync(page, cancellationToken))
                yield break;
        }
    }

    private static StatementSum[] BySku(Dictionary<RecordSeries, (Int128 Quantity, long Records)> sums) =>
    [
        .. sums.GroupBy(sum => (sum.Key.ProductId, sum.Key.SkuId, sum.Key.Unit))
            .Select(sku => new StatementSum(
                sku.Key.ProductId, sku.Key.SkuId, sku.Key.Unit,
                sku.Aggregate(Int128.Zero, (quantity, sum) => checked(quantity + sum.Value.Quantity)), sku.Sum(sum => sum.Value.Records)))
            .OrderBy(sum => sum.ProductId, StringComparer.Ordinal)
            .ThenBy(sum => sum.SkuId, StringComparer.Ordinal),
    ];
}
