using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace Metering.Grpc.Tests;

public sealed class DeadlineWheelTests
{
    private readonly ManualTime _time = new();
    private readonly RpcRuntime _runtime;

    public DeadlineWheelTests() => _runtime = new RpcRuntime(_time, NullLogger.Instance, Budget: null, CancellationToken.None);

    [Fact]
    public void A_call_that_never_waits_starts_no_timer()
    {
        Deadline deadline = Begin(milliseconds: 1000, waits: false);

        Assert.Equal(0, _time.WaitingTimers);
        deadline.End();
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.False(deadline.HasPassed);
    }

    [Fact]
    public async Task One_timer_serves_every_deadline_and_each_passes_at_its_own_moment()
    {
        // Closer than a tick, in one slot, a turn of the wheel (10.24 s) apart, and further away than a turn.
        int[] milliseconds = [1, 500, 505, 1000, 10_740, 20_980, 3_600_000];
        Deadline[] deadlines = [.. milliseconds.Select(time => Begin(time))];
        Assert.Equal(1, _time.WaitingTimers);

        int now = 0;
        foreach (int moment in new[] { 10, 490, 510, 990, 1000, 10_730, 10_740, 20_970, 20_980, 3_599_990, 3_600_000 })
        {
            _time.Advance(TimeSpan.FromMilliseconds(moment - now));
            now = moment;
            await Eventually.HoldsAsync(() => deadlines.Count(deadline => deadline.HasPassed) == milliseconds.Count(time => time <= now));
            Assert.All(deadlines.Zip(milliseconds), pair => Assert.Equal(pair.Second <= now, pair.First.HasPassed));
        }

        Assert.Equal(0, _time.WaitingTimers);
    }

    [Fact]
    public async Task What_has_ended_never_passes_whatever_lay_beside_it()
    {
        Deadline[] deadlines = [.. Enumerable.Range(0, 5).Select(_ => Begin(milliseconds: 1000))];
        foreach (int ended in new[] { 2, 0, 4 })
            deadlines[ended].End();

        _time.Advance(TimeSpan.FromSeconds(1));

        await Eventually.HoldsAsync(() => deadlines[1].HasPassed && deadlines[3].HasPassed);
        Assert.Equal([false, true, false, true, false], deadlines.Select(deadline => deadline.HasPassed));
        deadlines[0].Begin();
        Assert.Equal(0, _time.WaitingTimers);
    }

    [Fact]
    public async Task A_sooner_deadline_does_not_wait_for_a_later_one()
    {
        Deadline later = Begin(milliseconds: 5000);
        Deadline sooner = Begin(milliseconds: 1000);

        _time.Advance(TimeSpan.FromSeconds(1));

        await Eventually.HoldsAsync(() => sooner.HasPassed);
        Assert.False(later.HasPassed);
        Assert.Equal(1, _time.WaitingTimers);
    }

    [Fact]
    public async Task Waiting_for_a_moment_that_has_come_already_passes_at_once()
    {
        Deadline deadline = Begin(milliseconds: 1000, waits: false);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(deadline.IsOver);

        CancellationToken token = deadline.Token;

        await Eventually.HoldsAsync(() => token.IsCancellationRequested);
        Assert.Equal(0, _time.WaitingTimers);
    }

    [Fact]
    public async Task A_token_asked_for_after_the_moment_is_cancelled_and_one_of_a_call_that_ended_never_is()
    {
        Deadline passed = Begin(milliseconds: 1000);
        Deadline ended = Begin(milliseconds: 1000);
        CancellationToken never = ended.Token;
        ended.End();
        _time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.HoldsAsync(() => passed.HasPassed);

        Assert.True(passed.Token.IsCancellationRequested);
        Assert.False(never.IsCancellationRequested);
    }

    [Fact]
    public async Task Deadlines_begun_and_ended_by_many_threads_pass_or_not_but_are_never_lost()
    {
        using var going = new CancellationTokenSource();
        Task clock = Task.Run(
            async () =>
            {
                while (!going.IsCancellationRequested)
                {
                    _time.Advance(TimeSpan.FromMilliseconds(7));
                    await Task.Yield();
                }
            },
            TestContext.Current.CancellationToken);
        Deadline[][] kept = await Task.WhenAll(
            Enumerable.Range(1, 4).Select(seed => Task.Run(() => Churn(seed), TestContext.Current.CancellationToken)));
        await going.CancelAsync();
        await clock;

        _time.Advance(TimeSpan.FromMinutes(1));
        await Eventually.HoldsAsync(() => kept.All(deadlines => deadlines.All(deadline => deadline.HasPassed)));
        Assert.Equal(0, _time.WaitingTimers);
    }

    // Those that were not ended.
    private Deadline[] Churn(int seed)
    {
        var random = new Random(seed);
        var kept = new List<Deadline>();
        for (int number = 0; number < 20_000; number++)
        {
            Deadline deadline = Begin(random.Next(1, 20_000));
            if (random.Next(10) == 0)
                kept.Add(deadline);
            else
                deadline.End();
        }

        return [.. kept];
    }

    private Deadline Begin(int milliseconds, bool waits = true)
    {
        var call = new RpcCall(new DefaultHttpContext(), null!, _runtime, TimeSpan.FromMilliseconds(milliseconds), MessageEncoding.Identity);
        if (waits)
            call.Expiry!.Begin();
        return call.Expiry!;
    }
}
