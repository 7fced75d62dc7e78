namespace Metering.Ledger.Sqlite.Tests;

/// <summary>Readings in bulk beside writes.</summary>
public class ReadPaceTests
{
    private static readonly TimeSpan Worked = TimeSpan.FromMilliseconds(100);

    private readonly ManualTime _time = new();

    [Fact]
    public async Task Who_reads_in_bulk_never_rests_without_writes()
    {
        using BulkReading reading = new ReadPace(_time).Begin();
        for (int again = 0; again < 100; again++)
            Assert.True(reading.GiveWayAsync(Worked, CancellationToken.None).AsTask().IsCompletedSuccessfully);
        await reading.GiveWayAsync(TimeSpan.FromHours(1), CancellationToken.None);
        reading.GiveWay(CancellationToken.None);
    }

    [Fact]
    public void The_more_is_written_the_longer_a_reading_rests_and_all_readings_share_what_is_left()
    {
        var pace = new ReadPace(_time);
        using BulkReading first = pace.Begin();
        pace.Committed(100);
        TimeSpan few = pace.RestAfter(Worked);
        pace.Committed(900);
        TimeSpan many = pace.RestAfter(Worked);
        Assert.InRange(many / few, 9.99, 10.01);
        using (pace.Begin())
            Assert.InRange(pace.RestAfter(Worked) / many, 1.99, 2.01);
        Assert.InRange(pace.RestAfter(Worked) / many, 0.99, 1.01);
        pace.Committed(1_000_000_000);
        Assert.InRange(pace.RestAfter(Worked) / Worked, 1, 100); // it always comes to an end
    }

    [Fact]
    public void Writes_that_are_over_are_soon_forgotten()
    {
        var pace = new ReadPace(_time);
        using BulkReading reading = pace.Begin();
        pace.Committed(10_000);
        TimeSpan at = pace.RestAfter(Worked);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.InRange(pace.RestAfter(Worked) / at, 0, 0.001);
    }

    [Fact]
    public async Task A_rest_lasts_as_long_as_it_is_owed_and_ends_at_once_when_the_reader_gives_up()
    {
        var pace = new ReadPace(_time);
        using BulkReading reading = pace.Begin();
        pace.Committed(1_000_000);
        using var giveUp = new CancellationTokenSource();
        Task rest = reading.GiveWayAsync(Worked, giveUp.Token).AsTask();
        Assert.False(rest.IsCompleted);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => rest);
        Assert.ThrowsAny<OperationCanceledException>(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            pace.Committed(1_000_000);
            reading.GiveWay(giveUp.Token);
        });
    }
}
