using Metering.Ledger;

namespace Metering.Server.Tests;

/// <summary>How far accounts' timestamps are from the server's clock, account by account, and over the last hour.</summary>
public class SkewWatchTests
{
    private static readonly TimeSpan Window = TimeSpan.FromHours(1);
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(1);

    private readonly SettableTime _time = new(new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero));
    private readonly MeteringClock _clock;

    public SkewWatchTests() => _clock = new MeteringClock(_time, 0);

    [Fact]
    public void Lag_and_lead_are_told_apart_by_account()
    {
        SkewWatch watch = Watch();
        watch.Observe(Write(Seconds(10), Seconds(20), Seconds(-5)), Account(1));
        watch.Observe(Write(Seconds(0)), Account(2));

        IReadOnlyList<SkewReport> reports = watch.Report();

        Assert.Equal(["account-1", "account-2"], reports.Select(report => report.AccountId));
        Assert.Equal((2, Seconds(20)), (reports[0].Lag.Records, reports[0].Lag.Max));
        Assert.Equal((1, Seconds(5)), (reports[0].Lead.Records, reports[0].Lead.Max));
        Assert.Equal(reports[0].Lag, reports[0].LagOfLastHour);
        Assert.Equal(reports[0].Lead, reports[0].LeadOfLastHour);
        Assert.Equal((1, TimeSpan.Zero, 0), (reports[1].Lag.Records, reports[1].Lag.Max, reports[1].Lead.Records));
        Assert.Equal(_time.Now, reports[1].LastWrite);
    }

    [Fact]
    public void What_is_older_than_an_hour_leaves_the_window_and_stays_since_the_start()
    {
        SkewWatch watch = Watch();
        for (int minute = 0; minute < 180; minute++)
        {
            watch.Observe(Write(Seconds(minute)), Account(1));
            SkewReport report = Assert.Single(watch.Report());
            Assert.Equal(minute + 1, report.Lag.Records);
            Assert.InRange(report.LagOfLastHour.Records, Math.Min(minute + 1, 51), Math.Min(minute + 1, 60));
            Assert.Equal(Seconds(minute), report.LagOfLastHour.Max);
            _time.Now += TimeSpan.FromMinutes(1);
        }

        _time.Now += TimeSpan.FromHours(2);
        _clock.ReadUnixNanoseconds();
        SkewReport after = Assert.Single(watch.Report());
        Assert.Equal((180, 0), (after.Lag.Records, after.LagOfLastHour.Records));
        Assert.Equal(Seconds(179), after.Lag.Max);
    }

    [Fact]
    public void Records_refused_for_their_timestamps_are_measured_and_others_are_not()
    {
        SkewWatch watch = Watch();
        UsageWrite write = Write(TimeSpan.FromDays(2), TimeSpan.FromDays(-9_999), Seconds(1), Seconds(2), Seconds(3));
        write.Records[0].Verdict = Verdict.Expired;
        write.Records[1].Verdict = Verdict.InvalidTimestamp;
        write.Records[2].Verdict = Verdict.Duplicate;
        write.Records[3].Verdict = Verdict.InvalidQuantity;
        write.Records[4].Verdict = Verdict.InvalidTimestamp;
        write.Records[4].TimestampSeconds = long.MaxValue;

        Assert.Null(watch.Observe(write, Account(1)));

        SkewReport report = Assert.Single(watch.Report());
        Assert.Equal((1, TimeSpan.FromDays(2)), (report.Lag.Records, report.Lag.Max));
        Assert.Equal((1, TimeSpan.FromDays(9_999)), (report.Lead.Records, report.Lead.Max));
    }

    [Theory]
    [InlineData(48 * 60, null)]
    [InlineData((48 * 60) + 1, "An accepted record is 48 min 1 s old; from 1 h on, records are EXPIRED. Send usage sooner. Check the sender's clock (NTP).")]
    [InlineData(-48, null)]
    [InlineData(-49, "An accepted record is 49 s ahead of this server's clock; beyond 1 min it is INVALID_TIMESTAMP. Check the sender's clock (NTP).")]
    public void The_sender_of_accepted_records_is_warned_before_they_are_refused(int lagSeconds, string? warning)
    {
        SkewWatch watch = Watch();
        Assert.Equal(warning, watch.Observe(Write(Seconds(1), Seconds(lagSeconds), Seconds(2)), Account(1)));
        Assert.Equal(warning is null ? 0 : 1, Assert.Single(watch.Report()).Warnings);

        UsageWrite dryRun = Write(Seconds(lagSeconds));
        dryRun.DryRun = true;
        Assert.Equal(warning, watch.Observe(dryRun, Account(2)));
        Assert.Single(watch.Report()); // a rehearsal is no usage

        UsageWrite refused = Write(Seconds(lagSeconds));
        refused.Records[0].Verdict = Verdict.Duplicate;
        Assert.Null(watch.Observe(refused, Account(1)));
    }

    [Fact]
    public void The_longest_warning_leaves_room_for_other_trailers()
    {
        TimeSpan widest = Limits.AcceptanceWindowMaximum, almost = widest - TimeSpan.FromSeconds(1);
        var watch = new SkewWatch(_clock, widest, widest, 1);
        string warning = watch.Observe(Write(almost, -almost), Account(1))!;
        Assert.Contains("365 d 23 h old", warning);
        Assert.Contains("365 d 23 h ahead", warning);
        Assert.InRange(warning.Length, 1, 350);
    }

    [Fact]
    public void Without_a_tolerance_nothing_is_close_to_it()
    {
        var watch = new SkewWatch(_clock, Window, TimeSpan.Zero, 1);
        Assert.Null(watch.Observe(Write(TimeSpan.Zero), Account(1)));
    }

    [Fact]
    public void No_more_accounts_are_measured_than_allowed_and_those_that_paused_make_room()
    {
        SkewWatch watch = Watch(accounts: 2);
        foreach (int account in new[] { 1, 2, 3, 3 })
            watch.Observe(Write(Seconds(1), Seconds(2)), Account(account));
        Assert.Equal((2, 4), (watch.Report().Count, watch.UnmeasuredRecords));

        _time.Now += TimeSpan.FromMinutes(59);
        watch.Observe(Write(Seconds(1)), Account(2));
        watch.Observe(Write(Seconds(1)), Account(3));
        Assert.Equal(5, watch.UnmeasuredRecords);
        _time.Now += TimeSpan.FromMinutes(2);
        watch.Observe(Write(Seconds(1)), Account(3));
        Assert.Equal(["account-2", "account-3"], watch.Report().Select(report => report.AccountId));
        Assert.Equal(5, watch.UnmeasuredRecords);
    }

    [Fact]
    public void A_request_without_a_warning_allocates_nothing()
    {
        SkewWatch watch = Watch();
        UsageWrite write = Write([.. Enumerable.Range(0, Limits.RecordsPerWrite).Select(number => Seconds(number - 3))]);
        AccountEntry account = Account(1);
        watch.Observe(write, account);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int request = 0; request < 1_000; request++)
            watch.Observe(write, account);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(1_001 * Limits.RecordsPerWrite, Assert.Single(watch.Report()) is var report ? report.Lag.Records + report.Lead.Records : 0);
    }

    [Fact]
    public void Many_senders_at_once_lose_no_record()
    {
        SkewWatch watch = Watch();
        Parallel.For(0, 4, sender =>
        {
            UsageWrite write = Write(Seconds(sender), Seconds(-1));
            for (int request = 0; request < 2_000; request++)
                watch.Observe(write, Account(sender % 2));
        });
        Assert.Equal([(4_000L, 4_000L), (4_000, 4_000)], watch.Report().Select(report => (report.Lag.Records, report.Lead.Records)));
    }

    private SkewWatch Watch(int accounts = 10) => new(_clock, Window, Tolerance, accounts);

    private static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);

    private static AccountEntry Account(int key) => new(key, new ServiceAccount($"account-{key}", "", "p", null, []), null, IsMeteringAgent: true);

    // Accepted records whose timestamps lag by so much.
    private UsageWrite Write(params TimeSpan[] lags)
    {
        var write = new UsageWrite { ReceivedUnixNanoseconds = _clock.ReadUnixNanoseconds() };
        foreach (TimeSpan lag in lags)
        {
            ref UsageRecord record = ref write.AddRecord();
            record.HasTimestamp = true;
            record.TimestampSeconds = (_time.Now - lag).ToUnixTimeSeconds();
            record.Verdict = Verdict.Accepted;
        }

        return write;
    }
}
