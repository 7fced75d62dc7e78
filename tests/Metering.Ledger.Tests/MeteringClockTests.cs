namespace Metering.Ledger.Tests;

public sealed class MeteringClockTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void It_follows_the_time()
    {
        var time = new SettableTime(Noon);
        var clock = new MeteringClock(time, 0);
        Assert.Equal(1_772_366_400_000_000_000, clock.ReadUnixNanoseconds());
        time.Now = Noon.AddTicks(1);
        Assert.Equal(1_772_366_400_000_000_100, clock.ReadUnixNanoseconds());
        Assert.Equal(1_772_366_400_000_000_100, clock.HighWaterUnixNanoseconds);
    }

    [Fact]
    public void It_never_goes_back()
    {
        var time = new SettableTime(Noon);
        var clock = new MeteringClock(time, 0);
        long noon = clock.ReadUnixNanoseconds();
        time.Now = Noon.AddHours(-2);
        Assert.Equal(noon, clock.ReadUnixNanoseconds());
        time.Now = Noon.AddSeconds(1);
        Assert.Equal(noon + 1_000_000_000, clock.ReadUnixNanoseconds());
    }

    [Fact]
    public void It_never_goes_behind_what_the_ledger_remembers()
    {
        long remembered = MeteringClock.ToUnixNanoseconds(Noon.AddMinutes(5));
        var clock = new MeteringClock(new SettableTime(Noon), remembered);
        Assert.Equal(remembered, clock.ReadUnixNanoseconds());
    }

    [Fact]
    public void Many_readers_never_see_it_go_back()
    {
        var time = new SettableTime(Noon);
        var clock = new MeteringClock(time, 0);
        Parallel.For(0, 4, worker =>
        {
            long last = 0;
            for (int round = 0; round < 20_000; round++)
            {
                time.Now = Noon.AddTicks((round * (worker + 1)) % 1009);
                long read = clock.ReadUnixNanoseconds();
                Assert.True(read >= last);
                last = read;
            }
        });
    }

    [Fact]
    public void A_moment_survives_the_way_there_and_back()
    {
        DateTimeOffset moment = Noon.AddTicks(1234567);
        Assert.Equal(moment, MeteringClock.ToDateTimeOffset(MeteringClock.ToUnixNanoseconds(moment)));
        Assert.Equal(-100, MeteringClock.ToUnixNanoseconds(DateTimeOffset.UnixEpoch.AddTicks(-1)));
    }

    private sealed class SettableTime(DateTimeOffset now) : TimeProvider
    {
        private long _ticks = now.UtcTicks;

        public DateTimeOffset Now
        {
            set => Volatile.Write(ref _ticks, value.UtcTicks);
        }

        public override DateTimeOffset GetUtcNow() => new(Volatile.Read(ref _ticks), TimeSpan.Zero);
    }
}
