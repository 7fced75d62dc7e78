namespace Metering.Ledger.Sqlite.Tests;

public sealed class UuidSetTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_set_answers_as_a_plain_one_does(int seed)
    {
        var random = new Random(seed);
        var set = new UuidSet();
        var model = new HashSet<UInt128>();
        for (int step = 0; step < 400_000; step++)
        {
            // Few distinct numbers, so that every kind of meeting happens; growing, then shrinking.
            var uuid = new UInt128((ulong)random.Next(300), (ulong)random.Next(1, 500));
            if (random.Next(100) < (step < 250_000 ? 70 : 30))
            {
                Assert.Equal(model.Add(uuid), set.Add(uuid));
            }
            else
            {
                model.Remove(uuid);
                set.Remove(uuid);
            }

            var other = new UInt128((ulong)random.Next(300), (ulong)random.Next(1, 500));
            Assert.Equal(model.Contains(other), set.Contains(other));
        }

        Assert.Equal(model.Count, set.Count);
        Assert.All(model, uuid => Assert.True(set.Contains(uuid)));
    }

    [Fact]
    public void Time_ordered_uuids_spread_like_random_ones()
    {
        var set = new UuidSet();
        for (ulong id = 1; id <= 500_000; id++)
            Assert.True(set.Add(new UInt128((0x0199_0000_0000_7000UL) + (id / 1000 << 16), 0x8000_0000_0000_0000 | id)));
        Assert.False(set.Contains(UInt128.Zero));
        Assert.Equal(500_000, set.Count);
    }
}
