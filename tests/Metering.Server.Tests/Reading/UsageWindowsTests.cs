using System.Globalization;
using Metering.Ledger;

namespace Metering.Server.Tests;

/// <summary>Where windows begin and end, in every zone and where clocks are set.</summary>
public class UsageWindowsTests
{
    [Theory]
    [InlineData("Europe/Berlin", "2026-03-28T23:00Z", "2026-03-31T22:00Z", UsageWindow.Day, "03-28 23,03-29 22,03-30 22,03-31 22")] // 23 hours
    [InlineData("Europe/Berlin", "2026-10-23T22:00Z", "2026-10-26T23:00Z", UsageWindow.Day, "10-23 22,10-24 22,10-25 23,10-26 23")] // 25 hours
    [InlineData("Europe/Berlin", "2026-02-28T23:00Z", "2026-05-31T22:00Z", UsageWindow.Month, "02-28 23,03-31 22,04-30 22,05-31 22")]
    [InlineData("Africa/Cairo", "2026-04-22T22:00Z", "2026-04-25T21:00Z", UsageWindow.Day, "04-22 22,04-23 22,04-24 21,04-25 21")] // no midnight on the 24th
    [InlineData("America/Havana", "2026-10-31T04:00Z", "2026-11-02T05:00Z", UsageWindow.Day, "10-31 04,11-01 04,11-02 05")] // two midnights on the 1st
    [InlineData("Pacific/Apia", "2011-12-29T10:00Z", "2012-01-01T10:00Z", UsageWindow.Day, "12-29 10,12-30 10,12-31 10,01-01 10")] // no 30th at all
    [InlineData("UTC", "2026-11-21T22:00Z", "2026-11-22T01:00Z", UsageWindow.Hour, "11-21 22,11-21 23,11-22 00,11-22 01")]
    [InlineData("UTC", "2026-11-21T22:00Z", "2026-11-23T01:00Z", UsageWindow.Day, "11-21 22,11-22 00,11-23 00,11-23 01")] // cut at both ends
    [InlineData("Asia/Kolkata", "2026-11-21T22:00Z", "2026-11-23T01:00Z", UsageWindow.All, "11-21 22,11-23 01")]
    [InlineData("Asia/Kolkata", "2026-11-21T20:00Z", "2026-11-22T18:00Z", UsageWindow.Day, "11-21 20,11-22 18")] // within one of its days
    [InlineData("Australia/Lord_Howe", "2026-12-01T13:00Z", "2026-12-03T13:00Z", UsageWindow.Day, "12-01 13,12-02 13,12-03 13")] // at whole hours in summer
    public void Windows_follow_the_clocks_of_the_zone(string zone, string from, string to, UsageWindow window, string expected) => Assert.Equal(
        expected,
        string.Join(',', EdgesOf(zone, from, to, window, out FieldFault? fault).Select(edge => DateTimeOffset.UnixEpoch.AddHours(edge).ToString("MM-dd HH", CultureInfo.InvariantCulture)))
            + fault);

    [Fact]
    public void Every_hour_of_a_range_lies_in_the_day_that_local_clocks_show()
    {
        foreach (string name in new[] { "Europe/Berlin", "America/Sao_Paulo", "America/Havana", "Africa/Cairo", "Asia/Tokyo", "Pacific/Auckland", "America/Los_Angeles" })
        {
            TimeZoneInfo clocks = TimeZoneInfo.FindSystemTimeZoneById(name);
            IReadOnlyList<long> edges = EdgesOf(name, "2015-01-01T00:00Z", "2027-01-01T00:00Z", UsageWindow.Day, out FieldFault? fault);
            Assert.Null(fault);
            DateTime? before = null;
            for (int window = 0; window < edges.Count - 1; window++)
            {
                Assert.InRange(edges[window + 1] - edges[window], window == 0 || window == edges.Count - 2 ? 1 : 23, 25);
                DateTime date = TimeZoneInfo.ConvertTimeFromUtc(DateTime.UnixEpoch.AddHours(edges[window]), clocks).Date;
                Assert.True(before is null || date == before.Value.AddDays(1), $"{name} {date:O}");
                before = date;
                for (long hour = edges[window]; hour < edges[window + 1]; hour++)
                    Assert.Equal(date, TimeZoneInfo.ConvertTimeFromUtc(DateTime.UnixEpoch.AddHours(hour), clocks).Date);
            }
        }
    }

    [Fact]
    public void A_range_without_ends_has_the_windows_that_hold_something_whole()
    {
        var question = new UsageQuestion(HourRange.All, UsageWindow.Day, UsageZone.Utc, UsageDimensions.All, new UsageFilter());
        Assert.True(UsageWindows.IsOpen(question));
        Assert.Equal([24L, 48L, 72L], UsageWindows.EdgesOf(question, new HourRange(30, 50), out _));
        Assert.Empty(UsageWindows.EdgesOf(question, HourRange.Empty, out _));
    }

    [Fact]
    public void More_windows_than_allowed_are_refused()
    {
        Assert.Equal(Ledger.Limits.UsageWindows + 1, EdgesOf("UTC", "2016-01-01T00:00Z", "2027-05-29T16:00Z", UsageWindow.Hour, out FieldFault? fault).Count);
        Assert.Null(fault);
        Assert.Empty(EdgesOf("UTC", "2016-01-01T00:00Z", "2027-05-29T17:00Z", UsageWindow.Hour, out fault));
        Assert.Equal("gives more than 100000 windows: ask for a shorter range or longer windows", fault!.Value.Problem);
    }

    [Theory]
    [InlineData("europe/moscow")]
    [InlineData("Europe/../../etc/passwd")]
    [InlineData("/usr/share/zoneinfo/Europe/Moscow")]
    [InlineData("localtime")]
    [InlineData("right/Europe/Moscow")]
    [InlineData("Europe")]
    [InlineData("Europe/Moscow ")]
    public void What_is_no_name_of_a_zone_is_not_looked_for(string name)
    {
        Assert.False(UsageZone.TryFind(name, out _));
        Assert.True(UsageZone.TryFind("Europe/Moscow", out _));
        Assert.False(UsageZone.TryFind("E" + new string('/', Ledger.Limits.TimeZoneCharacters - 1) + "Moscow", out _));
    }

    private static IReadOnlyList<long> EdgesOf(string zone, string from, string to, UsageWindow window, out FieldFault? fault)
    {
        Assert.True(UsageZone.TryFind(zone, out UsageZone found));
        static long HourOf(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture).ToUnixTimeSeconds() / 3600;
        return UsageWindows.EdgesOf(new UsageQuestion(new HourRange(HourOf(from), HourOf(to)), window, found, UsageDimensions.All, new UsageFilter()), null, out fault);
    }
}
