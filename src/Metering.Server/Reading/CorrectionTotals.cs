using System.Runtime.InteropServices;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>What corrections add up to: apart from the totals of records, which they never change.</summary>
public static class CorrectionTotals
{
    /// <summary>Reads them once and sums them up by window and series, in the order of totals.</summary>
    /// <param name="edges">The windows' edges; see <see cref="UsageWindows"/>.</param>
    /// <param name="groups">The series.</param>
    /// <param name="corrections">The ledger's.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Sums, which may be negative; <see cref="UsageSum.Records"/> is the number of corrections.</returns>
    public static async Task<IReadOnlyList<UsageSum>> MakeAsync(
        IReadOnlyList<long> edges, SeriesGroups groups, ICorrections corrections, CancellationToken cancellationToken)
    {
        if (edges.Count < 2)
            return [];
        long[] starts = [.. edges];
        var sums = new Dictionary<(int Window, int Group), (Int128 Quantity, long Corrections)>();
        await foreach (Correction correction in corrections.ReadAsync(RangeOf(edges[0], edges[^1]), cancellationToken))
        {
            int group = groups.GroupOf(correction.OwnerKey, correction.SkuKey);
            if (group < 0)
                continue;
            int found = Array.BinarySearch(starts, HourRange.HourOf(correction.TimestampUnixNanoseconds));
            int window = found >= 0 ? found : ~found - 1;
            ref (Int128 Quantity, long Corrections) sum = ref CollectionsMarshal.GetValueRefOrAddDefault(sums, (window, group), out _);
            sum = (sum.Quantity + correction.Quantity, sum.Corrections + 1);
        }

        int[] ranks = [.. groups.Ranks()];
        return
        [
            .. sums.OrderBy(sum => sum.Key.Window).ThenBy(sum => ranks[sum.Key.Group]).Select(sum => new UsageSum(
                new HourRange(edges[sum.Key.Window], edges[sum.Key.Window + 1]), groups.SeriesOf(sum.Key.Group), sum.Value.Quantity, sum.Value.Corrections)),
        ];
    }

    // The hours' ends may be beyond what 64 bits of nanoseconds can say; no record is there.
    private static CorrectionRange RangeOf(long fromHour, long toHour) => new(Clamped(fromHour), Clamped(toHour));

    private static long Clamped(long hour) => (long)Int128.Clamp((Int128)hour * HourRange.NanosecondsPerHour, long.MinValue, long.MaxValue);
}
