namespace Metering.Load;

/// <summary>The middle of some figures.</summary>
internal static class Median
{
    /// <summary>The one in the middle; of an even number, the mean of the two there.</summary>
    /// <exception cref="ArgumentException">There are none.</exception>
    public static double Of(IEnumerable<double> figures)
    {
        double[] ordered = [.. figures.Order()];
        return ordered.Length == 0
            ? throw new ArgumentException("The median of no figures is asked for.", nameof(figures))
            : (ordered[(ordered.Length - 1) / 2] + ordered[ordered.Length / 2]) / 2;
    }
}
