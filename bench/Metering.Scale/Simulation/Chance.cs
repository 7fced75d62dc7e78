namespace Metering.Scale;

/// <summary>Everything that is left to chance, from one seed.</summary>
internal sealed class Chance(int seed)
{
    private const double NormalMean = 60; // from here a Poisson number is as good as normal

    private readonly Random _random = new(seed);

    /// <summary>How many of independent arrivals come, when so many are expected.</summary>
    public long Poisson(double mean)
    {
        if (mean <= 0)
            return 0;
        if (mean > NormalMean)
            return Math.Max(0, (long)Math.Round(mean + (Math.Sqrt(mean) * Normal())));
        double limit = Math.Exp(-mean), product = _random.NextDouble();
        long count = 0;
        while (product > limit)
        {
            product *= _random.NextDouble();
            count++;
        }

        return count;
    }

    /// <summary>Time until the next arrival.</summary>
    public double Exponential(double rate) => -Math.Log(1 - _random.NextDouble()) / rate;

    /// <summary>A time around a median, now and then much longer.</summary>
    public double LogNormal(double median, double spread) => spread == 0 || median == 0 ? median : median * Math.Exp(spread * Normal());

    /// <summary>One of so many.</summary>
    public int Below(int count) => _random.Next(count);

    private double Normal() => Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
}
