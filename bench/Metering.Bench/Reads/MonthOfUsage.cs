using Metering.Ledger;
using Metering.Ledger.Sqlite;

namespace Metering.Bench;

/// <summary>
/// Thirty days of usage up to the current hour: in every hour some records of each of many series, ten SKUs to a customer, in full
/// requests.
/// </summary>
/// <param name="Series">Series; a multiple of ten.</param>
/// <param name="HourRecords">Records of a series in an hour.</param>
internal sealed record MonthOfUsage(int Series, int HourRecords)
{
    /// <summary>Days of usage.</summary>
    public const int Days = 30;

    private const int RequestsAtOnce = 2048;

    /// <summary>Records of the whole month.</summary>
    public long Records => (long)Series * HourRecords * Days * HourRange.HoursPerDay;

    /// <summary>A month of so many records at least.</summary>
    public static MonthOfUsage OfRecords(int series, long records)
    {
        long hours = (long)series * Days * HourRange.HoursPerDay;
        return new MonthOfUsage(series, (int)((records + hours - 1) / hours));
    }

    /// <summary>Fills a ledger that was empty, and rolls its days up, as the server does in the night.</summary>
    /// <exception cref="BenchException">The ledger refused a write.</exception>
    public async Task FillAsync(SqliteStore store, TimeProvider time, CancellationToken stop)
    {
        MonthCatalog catalog = await MonthCatalog.ApplyAsync(store.Catalog, Series / MonthCatalog.Skus, stop);
        var requests = new List<Task<LedgerAnswer>>();
        ulong number = 0;
        long now = MeteringClock.ToUnixNanoseconds(time.GetUtcNow());
        foreach (HourRange stretch in Stretches(HourRange.HourOf(now)))
        {
            stop.ThrowIfCancellationRequested();
            foreach (int owner in catalog.OwnerKeys)
            {
                for (long hour = stretch.FromHour; hour < stretch.ToHour; hour++)
                {
                    for (int done = 0; done < HourRecords * MonthCatalog.Skus; done += Limits.RecordsPerWrite)
                    {
                        int some = Math.Min(Limits.RecordsPerWrite, (HourRecords * MonthCatalog.Skus) - done);
                        requests.Add(store.Ledger.WriteAsync(Request(catalog, owner, hour, now, some, ref number)).AsTask());
                        if (requests.Count == RequestsAtOnce)
                            await CommittedAsync(requests);
                    }
                }
            }
        }

        await CommittedAsync(requests);
        await store.RollUpAsync(stop);
    }

    // Old days owner by owner, since a month hour by hour changes every page of the totals 720 times; the last two as they come.
    private static IEnumerable<HourRange> Stretches(long now)
    {
        long end = now + 1, first = end - (Days * HourRange.HoursPerDay), recent = end - (2 * HourRange.HoursPerDay);
        yield return new HourRange(first, recent);
        for (long hour = recent; hour < end; hour++)
            yield return new HourRange(hour, hour + 1);
    }

    private static UsageWrite Request(MonthCatalog catalog, int owner, long hour, long now, int records, ref ulong number)
    {
        var write = new UsageWrite
        {
            OwnerKey = owner,
            AccountKey = catalog.AccountKey,
            RequestId = new Guid((int)number, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
            ReceivedUnixNanoseconds = Math.Min(now, (hour + 1) * HourRange.NanosecondsPerHour), // the clock of a ledger never goes back
        };
        for (int place = 0; place < records; place++)
        {
            ref UsageRecord record = ref write.AddRecord();
            record.Uuid = NumberedUuid.Of(number);
            record.SkuKey = catalog.SkuKeys[(int)(number % (ulong)catalog.SkuKeys.Count)];
            record.Quantity = 1 + (long)(number * 7919 % 1_000_000);
            record.HasTimestamp = true;
            record.TimestampSeconds = (hour * 3600) + (long)(number % 3600);
            number++;
        }

        return write;
    }

    private static async Task CommittedAsync(List<Task<LedgerAnswer>> requests)
    {
        if ((await Task.WhenAll(requests)).Any(answer => answer != LedgerAnswer.Committed))
            throw new BenchException("The ledger refused a write.");
        requests.Clear();
    }
}
