namespace Metering.Load.Tests;

public sealed class LatencyHistogramTests
{
    [Fact]
    public void Percentiles_are_within_a_hundredth_of_the_exact_ones()
    {
        var random = new Random(42);
        var histogram = new LatencyHistogram();
        long[] durations = [.. Enumerable.Range(0, 50_000).Select(_ => (long)Math.Pow(10, random.NextDouble() * 11))];
        foreach (long duration in durations)
            histogram.Record(duration);

        Array.Sort(durations);
        foreach (double percent in new[] { 0.1, 1, 25, 50, 90, 99, 99.9, 99.99, 100 })
        {
            long exact = durations[(int)Math.Ceiling(percent / 100 * durations.Length) - 1];
            Assert.InRange(histogram.GetPercentile(percent), exact, (long)(exact * 1.01) + 1);
        }

        Assert.Equal(durations.Length, histogram.Count);
        Assert.Equal(durations[^1], histogram.MaximumNanoseconds);
        Assert.Equal(durations.Average(), histogram.MeanNanoseconds, durations.Average() * 1e-9);
    }

    [Fact]
    public void Short_durations_are_exact()
    {
        for (long duration = 0; duration < 256; duration++)
        {
            var histogram = new LatencyHistogram();
            histogram.Record(duration);
            histogram.Record(long.MaxValue);
            Assert.Equal(duration, histogram.GetPercentile(50));
        }
    }

    [Fact]
    public void The_longest_and_negative_durations_are_counted()
    {
        var histogram = new LatencyHistogram();
        histogram.Record(-5);
        histogram.Record(long.MaxValue);
        Assert.Equal(0, histogram.GetPercentile(50));
        Assert.Equal(long.MaxValue, histogram.GetPercentile(100));
    }

    [Fact]
    public void An_empty_histogram_answers_zero()
    {
        var histogram = new LatencyHistogram();
        Assert.Equal(0, histogram.GetPercentile(99));
        Assert.Equal(0, histogram.MeanNanoseconds);
    }

    [Fact]
    public void A_sum_of_histograms_equals_one_that_recorded_everything()
    {
        var random = new Random(1);
        LatencyHistogram whole = new(), left = new(), right = new();
        for (int index = 0; index < 10_000; index++)
        {
            long duration = random.NextInt64(10_000_000_000);
            whole.Record(duration);
            (index % 3 == 0 ? left : right).Record(duration);
        }

        left.Add(right);
        Assert.Equal(whole.Count, left.Count);
        Assert.Equal(whole.MaximumNanoseconds, left.MaximumNanoseconds);
        foreach (double percent in new[] { 1, 50, 99, 99.9 })
            Assert.Equal(whole.GetPercentile(percent), left.GetPercentile(percent));
    }
}
