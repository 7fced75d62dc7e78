namespace Metering.Ledger.Tests;

public sealed class HourRangeTests
{
    private const long Hour = 3_600_000_000_000;

    [Theory]
    [InlineData(0, 0)]
    [InlineData(Hour - 1, 0)]
    [InlineData(Hour, 1)]
    [InlineData(-1, -1)]
    [InlineData(-Hour, -1)]
    [InlineData(-Hour - 1, -2)]
    [InlineData(long.MaxValue, long.MaxValue / Hour)]
    [InlineData(long.MinValue, (long.MinValue / Hour) - 1)]
    public void A_moment_falls_into_the_hour_that_begins_at_or_before_it(long moment, long hour) => Assert.Equal(hour, HourRange.HourOf(moment));
}
