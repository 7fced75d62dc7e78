namespace Metering.Scale;

/// <summary>Latencies of many records, in steps of about 2 %, from a microsecond to a quarter of an hour.</summary>
internal sealed class LatencySketch
{
    private const double Least = 1e-6;
    private static readonly double LogStep = Math.Log(1.02);

    private readonly double[] _counts = new double[1100];
    private double _sum;

    /// <summary>Records.</summary>
    public double Count { get; private set; }

    /// <summary>Mean in seconds.</summary>
    public double Mean => Count == 0 ? 0 : _sum / Count;

    /// <summary>Longest in seconds, rounded up to a step.</summary>
    public double Longest => Quantile(1);

    /// <summary>Adds records whose latencies lie evenly between two times.</summary>
    public void Add(double shortest, double longest, double count)
    {
        const int Pieces = 4;
        for (int piece = 0; piece < Pieces; piece++)
            Add(shortest + ((longest - shortest) * (piece + 0.5) / Pieces), count / Pieces);
    }

    /// <summary>The latency that so large a part of the records stays below, in seconds.</summary>
    public double Quantile(double part)
    {
        double left = Count * part;
        int last = 0;
        for (int step = 0; step < _counts.Length; step++)
        {
            if (_counts[step] == 0)
                continue;
            last = step;
            left -= _counts[step];
            if (left <= 0 && part < 1)
                break;
        }

        return Count == 0 ? 0 : Least * Math.Exp((last + 0.5) * LogStep);
    }

    /// <summary>How large a part of the records took longer than some seconds.</summary>
    public double PartAbove(double seconds)
    {
        double above = 0;
        for (int step = StepOf(seconds) + 1; step < _counts.Length; step++)
            above += _counts[step];
        return Count == 0 ? 0 : above / Count;
    }

    private void Add(double seconds, double count)
    {
        _counts[StepOf(seconds)] += count;
        _sum += seconds * count;
        Count += count;
    }

    private int StepOf(double seconds) => Math.Clamp((int)(Math.Log(Math.Max(seconds, Least) / Least) / LogStep), 0, _counts.Length - 1);
}
