using System.Diagnostics;
using Metering.Ledger;
using Metering.Ledger.Sqlite;
using Metering.Load;
using Metering.Server;

namespace Metering.LedgerLoad;

/// <summary>
/// Thirty days of usage, a record every hour for each of many series, and what questions about them take: from the question to
/// the page of the answer, with names, on the store alone.
/// </summary>
internal static class MonthOfUsage
{
    private const int Days = 30;
    private const int Skus = 10;
    private const int Turns = 9;
    private const int RequestsAtOnce = 2048;
    private const int FirstOwnerKey = 1000; // as in the catalog below

    private static readonly string[] Zones = ["UTC", "Europe/Moscow", "America/New_York"];

    /// <summary>Fills a ledger that was empty, so that its newest hour is the one before the current, and rolls the days up.</summary>
    public static async Task FillAsync(SqliteStore store, int series)
    {
        long startedAt = Stopwatch.GetTimestamp();
        long end = HourRange.HourOf(MeteringClock.ToUnixNanoseconds(TimeProvider.System.GetUtcNow()));
        var requests = new List<Task<LedgerAnswer>>();
        long number = 0;
        for (long hour = end - (Days * HourRange.HoursPerDay); hour < end; hour++)
        {
            for (int owner = 0; owner < series / Skus; owner++)
            {
                requests.Add(store.Ledger.WriteAsync(Request(owner, hour, ref number)).AsTask());
                if (requests.Count == RequestsAtOnce)
                    await CommittedAsync(requests);
            }
        }

        await CommittedAsync(requests);
        Console.WriteLine($"{number:N0} records, one for each of {series:N0} series in each of {Days * HourRange.HoursPerDay} hours, in {Stopwatch.GetElapsedTime(startedAt).TotalSeconds:F0} s");
        startedAt = Stopwatch.GetTimestamp();
        int days = await store.RollUpAsync(CancellationToken.None);
        Console.WriteLine($"{days} days rolled up in {Stopwatch.GetElapsedTime(startedAt).TotalSeconds:F1} s");
    }

    /// <summary>Asks over and over, and prints the medians.</summary>
    public static async Task AskAsync(SqliteStore store, int series)
    {
        var catalog = new CatalogHolder { Current = new CatalogSnapshot(Catalog(series)) };
        long end = HourRange.HourOf(MeteringClock.ToUnixNanoseconds(TimeProvider.System.GetUtcNow()));
        long firstDay = HourRange.DayOf(end) - Days + 1;
        Console.WriteLine($"{"30 days",-34} {"by",-12} {"totals of the page",18} {"p50",10} {"most",10}");
        foreach (string zoneName in Zones)
        {
            UsageZone.TryFind(zoneName, out UsageZone zone);
            var range = new HourRange(firstDay * HourRange.HoursPerDay, (firstDay + Days) * HourRange.HoursPerDay);
            foreach (UsageWindow window in new[] { UsageWindow.All, UsageWindow.Month, UsageWindow.Day, UsageWindow.Hour })
            {
                foreach (UsageDimensions by in new[] { UsageDimensions.Sku, UsageDimensions.All })
                    await AskAsync(store, catalog, new UsageQuestion(range, window, zone, by, new UsageFilter()));
            }
        }

        var customer = new UsageFilter(BillingAccountId: "customer-7");
        await AskAsync(store, catalog, new UsageQuestion(HourRange.All, UsageWindow.Day, UsageZone.Utc, UsageDimensions.All, customer));
    }

    private static async Task AskAsync(SqliteStore store, CatalogHolder catalog, UsageQuestion question)
    {
        var times = new List<double>();
        int totals = 0;
        for (int turn = 0; turn < Turns; turn++)
        {
            long startedAt = Stopwatch.GetTimestamp();
            HourRange? bounds = UsageWindows.IsOpen(question) ? await store.Totals.BoundsAsync(CancellationToken.None) : null;
            IReadOnlyList<long> edges = UsageWindows.EdgesOf(question, bounds, out _);
            var groups = new SeriesGroups(question, ReadScope.Everything, catalog);
            UsagePage page = await UsagePage.MakeAsync(edges, groups, after: null, Limits.PageRecords, store.Totals, CancellationToken.None);
            times.Add(Stopwatch.GetElapsedTime(startedAt).TotalMilliseconds);
            totals = page.Sums.Count;
        }

        string what = $"{question.Window}, {question.Zone.Name}{(question.Filter.BillingAccountId.Length > 0 ? ", one customer" : "")}";
        Console.WriteLine($"{what,-34} {(question.GroupBy == UsageDimensions.All ? "all four" : "SKU"),-12} {totals,18:N0} {Median.Of(times),7:F0} ms {times.Max(),7:F0} ms");
    }

    private static UsageWrite Request(int owner, long hour, ref long number)
    {
        var write = new UsageWrite
        {
            OwnerKey = FirstOwnerKey + owner,
            AccountKey = 1,
            RequestId = new Guid((int)number, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
            ReceivedUnixNanoseconds = (hour + 1) * HourRange.NanosecondsPerHour,
        };
        for (int sku = 0; sku < Skus; sku++)
        {
            ref UsageRecord record = ref write.AddRecord();
            record.Uuid = Load.UuidOf((ulong)number++);
            record.SkuKey = sku + 1;
            record.Quantity = 1 + (number * 7919 % 1_000_000);
            record.HasTimestamp = true;
            record.TimestampSeconds = (hour * 3600) + (number % 3600);
        }

        return write;
    }

    private static async Task CommittedAsync(List<Task<LedgerAnswer>> requests)
    {
        if ((await Task.WhenAll(requests)).Any(answer => answer != LedgerAnswer.Committed))
            throw new InvalidOperationException("The ledger refused a write.");
        requests.Clear();
    }

    private static StoredCatalog Catalog(int series) => new(1,
    [
        new StoredObject(100, new Publisher("publisher", "Publisher"), false),
        new StoredObject(101, new Product("product", "Product", "publisher", ProductKind.Image, Active: true), false),
        .. Enumerable.Range(0, Skus).Select(sku => new StoredObject(sku + 1, new Sku($"sku-{sku}", "SKU", "product", "unit", Active: true), false)),
        .. Enumerable.Range(0, series / Skus).Select(owner => new StoredObject(FirstOwnerKey + owner, new Customer($"customer-{owner}", "Customer", Suspended: false), false)),
    ]);
}
