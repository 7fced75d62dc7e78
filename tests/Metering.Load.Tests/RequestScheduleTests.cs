namespace Metering.Load.Tests;

public sealed class RequestScheduleTests
{
    [Fact]
    public void Without_a_rate_every_moment_is_the_intended_one_until_the_end()
    {
        var schedule = new RequestSchedule(0, 1000, 500, requests: long.MaxValue, interval: 0, phase: 0);
        Assert.True(schedule.TryTake(999, out long intended));
        Assert.Equal(999, intended);
        Assert.False(schedule.TryTake(1000, out _));
        Assert.True(schedule.IsFinished(1000));
        Assert.Equal(0, schedule.CountMissed(2000));
    }

    [Fact]
    public void With_a_rate_a_late_request_keeps_the_moment_at_which_it_was_due()
    {
        var schedule = new RequestSchedule(1000, 10_000, 500, requests: long.MaxValue, interval: 100, phase: 0.5);
        Assert.False(schedule.TryTake(1049, out _));
        Assert.Equal(1, schedule.GetWait(1049));

        // The server stalled: three requests are overdue, and are charged from 1050, 1150 and 1250.
        var intended = new List<long>();
        while (schedule.TryTake(1300, out long timestamp))
            intended.Add(timestamp);
        Assert.Equal([1050, 1150, 1250], intended);
        Assert.Equal(50, schedule.GetWait(1300));
    }

    [Fact]
    public void Overdue_requests_are_sent_after_the_end_for_a_time_and_counted_as_missed_after_it()
    {
        RequestSchedule Make() => new(0, 1000, 500, requests: long.MaxValue, interval: 100, phase: 0);

        RequestSchedule late = Make();
        int sent = 0;
        while (late.TryTake(1499, out _))
            sent++;
        Assert.Equal(10, sent);
        Assert.True(late.IsFinished(1499));
        Assert.Equal(0, late.CountMissed(1499));

        RequestSchedule tooLate = Make();
        Assert.True(tooLate.TryTake(0, out _));
        Assert.False(tooLate.IsFinished(1499));
        Assert.False(tooLate.TryTake(1500, out _));
        Assert.Equal(9, tooLate.CountMissed(1500));
    }

    [Fact]
    public void Stopping_and_the_number_of_requests_end_the_schedule()
    {
        var counted = new RequestSchedule(0, long.MaxValue, 500, requests: 2, interval: 0, phase: 0);
        Assert.True(counted.TryTake(1, out _) && counted.TryTake(1, out _));
        Assert.False(counted.TryTake(1, out _));

        var stopped = new RequestSchedule(0, long.MaxValue, 500, requests: 2, interval: 0, phase: 0);
        stopped.Stop();
        Assert.True(stopped.IsFinished(0));
        Assert.False(stopped.TryTake(0, out _));
    }
}
