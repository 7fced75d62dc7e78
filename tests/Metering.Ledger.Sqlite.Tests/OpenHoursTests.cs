namespace Metering.Ledger.Sqlite.Tests;

/// <summary>Hours of days that are not over, packed in memory: quick to read, never anything but the hours.</summary>
public class OpenHoursTests
{
    private const int Hour = 3600;

    private static CancellationToken Stop => TestStore.Stop;

    [Fact]
    public async Task What_is_packed_is_what_is_read_and_what_may_still_change_is_read_from_the_hours()
    {
        // The control of every other test here: nobody would notice a difference if the hours were read all the same.
        await using var store = new TestStore();
        await store.WriteAsync(new RecordSpec(1, 5, AgeSeconds: 5 * Hour), new RecordSpec(2, 7, AgeSeconds: 3 * Hour), new RecordSpec(3, 11)); // now is 12:30
        await store.Store.RollUpAsync(Stop);
        await store.Store.ChangeAsync(database => database.Execute("DELETE FROM hour_total"));
        Assert.Equal([(Int128)12], await SumsAsync(store));
        Assert.Equal([(Int128)5, (Int128)7], await SumsAsync(store, windowHours: 1));
        await store.RestartAsync();
        Assert.Empty(await SumsAsync(store));
    }

    [Fact]
    public async Task A_record_that_comes_for_an_hour_that_was_packed_is_in_its_sums_at_once()
    {
        await using var store = new TestStore();
        await store.WriteAsync(new RecordSpec(1, 5, AgeSeconds: 5 * Hour));
        await store.Store.RollUpAsync(Stop);
        await store.WriteAsync(new RecordSpec(2, 7, AgeSeconds: 5 * Hour));
        Assert.Equal([(Int128)12], await SumsAsync(store));
        await store.Store.RollUpAsync(Stop);
        await store.WriteAsync(new RecordSpec(3, 100));
        Assert.Equal([(Int128)112], await SumsAsync(store));
        Assert.Equal([(Int128)12, (Int128)100], await SumsAsync(store, windowHours: 1));
        await store.AssertSoundAsync();
    }

    [Fact]
    public async Task Hours_are_packed_as_they_end_and_a_clock_that_goes_back_does_no_harm()
    {
        await using var store = new TestStore();
        for (int hour = 0; hour < 40; hour++)
        {
            await store.WriteAsync(new RecordSpec(hour + 1, 1 << (hour % 20)));
            await store.Store.RollUpAsync(Stop);
            Assert.Equal(hour + 1, (await SumsAsync(store, windowHours: 1)).Count);
            store.Time.Advance(TimeSpan.FromHours(1));
        }

        store.Time.Advance(TimeSpan.FromHours(-6));
        await store.Store.RollUpAsync(Stop);
        await store.WriteAsync(new RecordSpec(100, 1, AgeSeconds: -3 * Hour));
        Assert.Equal((2 * ((1 << 20) - 1)) + 1, (await SumsAsync(store, windowHours: 1)).Aggregate(Int128.Zero, (sum, one) => sum + one));
    }

    [Fact]
    public void What_changes_while_it_is_packed_is_not_taken_into_use_and_what_changes_later_is_dropped()
    {
        string folder = Directory.CreateTempSubdirectory("metering-tests-").FullName;
        try
        {
            using StoreFile file = StoreFile.Open(new SqliteStoreOptions(Path.Combine(folder, "ledger.db")), Schema.Migrations);
            using var days = new RolledUpDays(file.Writer);
            var packed = new OpenHours(0, new HourRange(0, 100), []);
            days.BeginOpen(100);
            days.Note(100);
            Assert.True(days.EndOpen(packed));
            Assert.Same(packed, days.Open);
            days.Note(100);
            Assert.Same(packed, days.Open);
            days.Note(99);
            Assert.Null(days.Open);

            days.BeginOpen(100);
            days.Note(99);
            Assert.False(days.EndOpen(packed));
            Assert.Null(days.Open);

            days.BeginOpen(100);
            Assert.True(days.EndOpen(packed));
            days.BeginOpen(50);
            Assert.Null(days.Open);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // By windows of two days or so many hours.
    private static async Task<List<Int128>> SumsAsync(TestStore store, int windowHours = 48)
    {
        long end = HourRange.HourOf(MeteringClock.ToUnixNanoseconds(store.Time.GetUtcNow())) + 24, first = end - 96;
        var edges = new List<long>();
        for (long edge = first; edge <= end; edge += windowHours)
            edges.Add(edge);
        List<IReadOnlyList<WindowTotal>> lists = await store.Store.Totals.ReadAsync(new TotalQuery(edges, (_, _) => 0), Stop).ToListAsync(Stop);
        return [.. lists.SelectMany(list => list).OrderBy(total => total.Window).Select(total => total.Quantity)];
    }
}
