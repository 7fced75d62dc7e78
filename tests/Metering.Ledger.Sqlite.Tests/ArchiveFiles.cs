namespace Metering.Ledger.Sqlite.Tests;

/// <summary>Ledgers with archives in a test: ten requests of ten records each hour.</summary>
internal static class ArchiveFiles
{
    public const int RecordsPerHour = 100;

    /// <summary>Options that make small runs and archives.</summary>
    public static SqliteStoreOptions Small(SqliteStoreOptions options) =>
        options with { IndexRecentUuids = 30, IndexFanIn = 3, GroupRequests = 2, ArchiveBytes = 1_000 };

    /// <summary>Counts records, hour by hour; afterwards it is the hour after the last.</summary>
    public static async Task FillAsync(TestStore store, int hours, int first = 1)
    {
        for (int hour = 0; hour < hours; hour++, store.Time.Advance(TimeSpan.FromHours(1)))
        {
            for (int id = first + (hour * RecordsPerHour); id < first + ((hour + 1) * RecordsPerHour); id += 10)
                Assert.Equal(LedgerAnswer.Committed, await store.WriteAsync([.. Enumerable.Range(id, 10).Select(number => new RecordSpec(number, number))]));
        }
    }

    /// <summary>Archives what was accepted so many hours ago, until there is nothing left.</summary>
    public static async Task<List<ArchiveEntry>> ArchiveAsync(SqliteStore store, TestStore test, double hoursAgo)
    {
        var made = new List<ArchiveEntry>();
        while (true)
        {
            ArchiveAnswer answer = await store.Archives.CreateAsync(new ArchiveOrder(Moment(test, hoursAgo)), TestStore.Stop);
            if (answer.Outcome == ArchiveOutcome.NothingOldEnough)
                return made;
            Assert.Equal(ArchiveOutcome.Archived, answer.Outcome);
            made.Add(answer.Archive!);
        }
    }

    public static long Moment(TestStore test, double hoursAgo) =>
        MeteringClock.ToUnixNanoseconds(test.Time.GetUtcNow() - TimeSpan.FromHours(hoursAgo));

    /// <summary>Every file of the folder.</summary>
    public static string[] Of(TestStore store) => Directory.Exists(FolderOf(store.Path))
        ? [.. Directory.EnumerateFiles(FolderOf(store.Path)).Order(StringComparer.Ordinal)] : [];

    public static string FolderOf(string ledger) => Path.Combine(Path.GetDirectoryName(ledger)!, "archives");

    /// <summary>Reads every record of a file, some at a time.</summary>
    public static async Task<List<CountedRecord>> ReadAsync(SqliteStore store, string fileName, int together = 7)
    {
        var records = new List<CountedRecord>();
        ArchivePosition? place = default(ArchivePosition);
        while (place is { } from)
        {
            ArchivePage? page = await store.Archives.ReadAsync(fileName, from, together, TestStore.Stop);
            Assert.NotNull(page);
            Assert.InRange(page.Records.Count, 0, together);
            records.AddRange(page.Records);
            place = page.Next;
        }

        return records;
    }

    /// <summary>Copies a ledger with everything beside it, as a crash would leave it. Index and archives come first: they know no more.</summary>
    public static string Copy(string ledger, string to)
    {
        Directory.CreateDirectory(to);
        if (Directory.Exists(FolderOf(ledger)))
        {
            Directory.CreateDirectory(Path.Combine(to, "archives"));
            foreach (string file in Directory.EnumerateFiles(FolderOf(ledger)))
                File.Copy(file, Path.Combine(to, "archives", Path.GetFileName(file)));
        }

        string copy = Path.Combine(to, "ledger.db");
        IndexFiles.Copy(ledger, copy);
        return copy;
    }

    /// <summary>The records 1 to <paramref name="last"/>, and no more, are counted; each is a duplicate, in the ledger or in an archive, once.</summary>
    public static async Task AssertWholeAsync(SqliteStore store, TestStore test, int last)
    {
        await IndexFiles.AssertCountedAsync(store, test, last);
        List<UInt128> uuids = await store.Ledger.ReadRecordsAsync(TestStore.Stop).Select(record => record.Uuid).ToListAsync(TestStore.Stop);
        foreach (ArchiveEntry archive in await store.Archives.ListAsync(TestStore.Stop))
            uuids.AddRange((await ReadAsync(store, archive.FileName)).Select(record => record.Uuid));
        Assert.Equal(Enumerable.Range(1, last).Select(id => new RecordSpec(id).Uuid).Order(), uuids.Order());
        List<HourTotal> totals = await store.Ledger.ReadTotalsAsync(HourRange.All, TestStore.Stop).ToListAsync(TestStore.Stop);
        Assert.Equal((long)last * (last + 1) / 2, (long)totals.Aggregate(Int128.Zero, (sum, total) => sum + total.Quantity));
        Assert.Equal(last, totals.Sum(total => total.Records));
    }
}
