using System.Numerics;

namespace Metering.Load;

/// <summary>
/// Counts of durations in buckets that grow with the duration, in the manner of HdrHistogram: below 256 ns exact, above
/// it each bucket is at most 1/128 of its value wide. Recording is two array accesses and allocates nothing.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int PrecisionBits = 7;
    private const int BucketsPerOctave = 1 << PrecisionBits;

    private readonly long[] _counts = new long[(64 - PrecisionBits) * BucketsPerOctave];
    private double _sumNanoseconds;

    /// <summary>Durations recorded.</summary>
    public long Count { get; private set; }

    /// <summary>Longest duration, exactly, in nanoseconds.</summary>
    public long MaximumNanoseconds { get; private set; }

    /// <summary>Mean duration, in nanoseconds; 0 when empty.</summary>
    public double MeanNanoseconds => Count == 0 ? 0 : _sumNanoseconds / Count;

    /// <summary>Records a duration; a negative one counts as zero.</summary>
    public void Record(long nanoseconds)
    {
        nanoseconds = Math.Max(0, nanoseconds);
        _counts[BucketOf(nanoseconds)]++;
        Count++;
        _sumNanoseconds += nanoseconds;
        MaximumNanoseconds = Math.Max(MaximumNanoseconds, nanoseconds);
    }

    /// <summary>Adds what another histogram counted.</summary>
    public void Add(LatencyHistogram other)
    {
        for (int bucket = 0; bucket < _counts.Length; bucket++)
            _counts[bucket] += other._counts[bucket];
        Count += other.Count;
        _sumNanoseconds += other._sumNanoseconds;
        MaximumNanoseconds = Math.Max(MaximumNanoseconds, other.MaximumNanoseconds);
    }

    /// <summary>
    /// The duration, in nanoseconds, that <paramref name="percent"/> of all do not exceed: the upper end of its bucket, and
    /// never more than the maximum. 0 when empty.
    /// </summary>
    public long GetPercentile(double percent)
    {
        long rank = Math.Max(1, (long)Math.Ceiling(percent / 100 * Count));
        long seen = 0;
        for (int bucket = 0; bucket < _counts.Length; bucket++)
        {
            seen += _counts[bucket];
            if (seen >= rank)
                return Math.Min(UpperEndOf(bucket), MaximumNanoseconds);
        }

        return MaximumNanoseconds;
    }

    // The first two octaves are exact; bucket = 128 * octave + the seven bits after the leading one.
    private static int BucketOf(long nanoseconds)
    {
        int octave = Math.Max(0, BitOperations.Log2((ulong)nanoseconds) - PrecisionBits);
        return (octave << PrecisionBits) + (int)(nanoseconds >> octave);
    }

    private static long UpperEndOf(int bucket)
    {
        int octave = Math.Max(0, (bucket >> PrecisionBits) - 1);
        long lower = (long)(bucket - (octave << PrecisionBits)) << octave;
        return lower + ((1L << octave) - 1);
    }
}
