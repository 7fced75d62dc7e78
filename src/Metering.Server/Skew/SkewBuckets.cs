using System.Numerics;

namespace Metering.Server;

/// <summary>
/// The buckets that distances between clocks are counted in: eight to each doubling, so that a bucket is at most an eighth of
/// its values wide. In milliseconds, up to two years; what is further off falls into the last.
/// </summary>
internal static class SkewBuckets
{
    private const int PerDoubling = 8;
    private const int PerDoublingBits = 3;
    private const int Bits = 36;

    /// <summary>Buckets.</summary>
    public const int Count = (Bits - PerDoublingBits + 1) * PerDoubling;

    /// <summary>The bucket of a distance of 0 or more.</summary>
    public static int IndexOf(long milliseconds)
    {
        long value = Math.Min(milliseconds, (1L << Bits) - 1);
        if (value < PerDoubling)
            return (int)value;
        int exponent = BitOperations.Log2((ulong)value);
        return ((exponent - PerDoublingBits + 1) * PerDoubling) + (int)((value >> (exponent - PerDoublingBits)) & (PerDoubling - 1));
    }

    /// <summary>The greatest distance that falls into a bucket.</summary>
    public static long GreatestOf(int index)
    {
        if (index < PerDoubling)
            return index;
        int shift = (index / PerDoubling) - 1;
        return ((long)(PerDoubling + (index % PerDoubling) + 1) << shift) - 1;
    }
}
