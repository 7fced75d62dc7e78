using System.Net;
using System.Text.Json.Nodes;
using Metering.Server.Tests;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>Totals by hours, days and months of zones whose clocks change, in spring and in autumn, at night and at midnight.</summary>
public sealed class ClockChangeTests
{
    private static readonly (string Zone, string[] Changes)[] Zones =
    [
        ("Europe/Berlin", ["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"]),
        ("America/New_York", ["2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z"]),
        ("Africa/Cairo", ["2026-04-23T22:00:00Z", "2026-10-29T21:00:00Z"]), // a day without midnight; one that has two
        ("America/Santiago", ["2026-04-05T03:00:00Z", "2026-09-06T04:00:00Z"]),
    ];

    [Theory]
    [InlineData(ServedStore.Embedded)]
    [InlineData(ServedStore.Postgres)]
    public async Task Windows_across_a_change_of_clocks_hold_what_happened_in_them(string store)
    {
        await using ServedHistory history = await ServedHistory.StartAsync(store, window: TimeSpan.FromDays(366));
        foreach (DateTimeOffset change in Zones.SelectMany(zone => zone.Changes).Select(DateTimeOffset.Parse))
            await history.SendAsync(HistoryPlan.Around(change));
        var naive = new NaiveAnswers(history);
        foreach ((string zone, string[] changes) in Zones)
        {
            foreach (DateTimeOffset change in changes.Select(DateTimeOffset.Parse))
            {
                Assert.NotEqual(OffsetAt(zone, change.AddTicks(-1)), OffsetAt(zone, change)); // the clocks do change then
                foreach (string window in new[] { "HOUR", "DAY", "MONTH" })
                {
                    foreach (int hours in new[] { 1, 20 })
                    {
                        var question = new JsonObject
                        {
                            ["window"] = window, ["timeZone"] = zone, ["groupBy"] = new JsonArray("PRODUCT"),
                            ["from"] = WrittenRecord.Moment(change.AddHours(-hours)), ["to"] = WrittenRecord.Moment(change.AddHours(hours)),
                        };
                        string where = question.ToJsonString() + "\n";
                        Assert.Equal(
                            where + string.Join('\n', naive.Usage(question, null)),
                            where + string.Join('\n', await ReadQuery.Totals.LinesAsync(history, question, null)));
                    }
                }
            }
        }
    }

    [Fact]
    public async Task A_zone_at_whole_hours_for_half_of_the_year_is_summed_up_for_that_half_alone()
    {
        await using ServedHistory history = await ServedHistory.StartAsync(ServedStore.Embedded, window: TimeSpan.FromDays(366));
        JsonObject Question(string from, string to) => new() { ["window"] = "DAY", ["timeZone"] = "Australia/Lord_Howe", ["from"] = from, ["to"] = to };
        async Task<(HttpStatusCode, string)> AskAsync(string from, string to) =>
            await history.TryAskAsync(ReadQuery.Totals.Place, Question(from, to), null);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync("2026-01-01T00:00:00Z", "2026-03-31T00:00:00Z")).Item1); // at +11:00
        foreach ((string from, string to) in new[] { ("2026-06-01T00:00:00Z", "2026-06-30T00:00:00Z"), ("2026-04-01T00:00:00Z", "2026-04-10T00:00:00Z") })
        {
            (HttpStatusCode status, string text) = await AskAsync(from, to);
            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.Contains("time_zone Australia/Lord_Howe is at UTC+10:30 on 2026-0", text, StringComparison.Ordinal);
        }
    }

    private static TimeSpan OffsetAt(string zone, DateTimeOffset moment) => TimeZoneInfo.FindSystemTimeZoneById(zone).GetUtcOffset(moment);
}
