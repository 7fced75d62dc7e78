namespace Metering.Server.Tests;

/// <summary>Distances between clocks, counted in buckets.</summary>
public class SkewCountsTests
{
    [Fact]
    public void A_bucket_tells_a_distance_to_an_eighth_and_never_too_little()
    {
        int before = -1;
        foreach (long distance in Enumerable.Range(0, 5_000).Select(number => (long)number)
            .Concat(Enumerable.Range(13, 23).SelectMany(bit => new[] { (1L << bit) - 1, 1L << bit, (1L << bit) + 1 })))
        {
            int index = SkewBuckets.IndexOf(distance);
            Assert.InRange(SkewBuckets.GreatestOf(index), distance, distance + (distance / 8));
            Assert.InRange(index, before, SkewBuckets.Count - 1);
            before = index;
        }

        Assert.Equal(SkewBuckets.Count - 1, SkewBuckets.IndexOf(long.MaxValue));
        Assert.Equal(Enumerable.Range(0, SkewBuckets.Count), Enumerable.Range(0, SkewBuckets.Count).Select(index => SkewBuckets.IndexOf(SkewBuckets.GreatestOf(index))));
    }

    [Fact]
    public void Quantiles_are_those_of_all_distances_whatever_they_are_and_the_greatest_is_exact()
    {
        for (int seed = 1; seed <= 20; seed++)
        {
            var random = new Random(seed);
            long[] distances = [.. Enumerable.Range(0, random.Next(1, 2_000)).Select(_ => (long)Math.Pow(10, random.NextDouble() * 9))];
            SkewCounts all = new(), half = new();
            foreach ((int index, long distance) in distances.Index())
                (index % 2 == 0 ? all : half).Add(distance);
            all.Add(half);

            SkewSummary summary = all.Summarize();

            Array.Sort(distances);
            Assert.Equal(distances.Length, summary.Records);
            Assert.Equal(distances[^1], summary.Max.TotalMilliseconds);
            foreach ((double part, TimeSpan told) in new[] { (0.5, summary.P50), (0.99, summary.P99) })
            {
                long exact = distances[(int)Math.Ceiling(part * distances.Length) - 1];
                Assert.InRange((long)told.TotalMilliseconds, exact, Math.Min(exact + (exact / 8), distances[^1]));
            }
        }
    }

    [Fact]
    public void What_is_forgotten_is_gone_and_counting_goes_on()
    {
        var counts = new SkewCounts();
        Assert.Equal(default, counts.Summarize());
        counts.Add(60_000);
        counts.Clear();
        Assert.Equal(default, counts.Summarize());
        counts.Add(7);
        Assert.Equal(new SkewSummary(1, TimeSpan.FromMilliseconds(7), TimeSpan.FromMilliseconds(7), TimeSpan.FromMilliseconds(7)), counts.Summarize());
    }
}
