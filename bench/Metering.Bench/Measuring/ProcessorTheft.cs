using System.Globalization;

namespace Metering.Bench;

/// <summary>
/// What a virtual machine's host took of the processors for others while something was measured (steal, proc_stat(5)): nothing that
/// is measured in that time is faster for it, and latencies are longer by whole slices of the host's.
/// </summary>
internal sealed class ProcessorTheft
{
    private const int StealField = 7; // after user, nice, system, idle, iowait, irq, softirq

    private readonly long[] _before = Read();

    /// <summary>Part of the processors' time that was taken since this was made, from 0 to 1.</summary>
    public double Share => ShareBetween(_before, Read());

    internal static double ShareBetween(long[] before, long[] after)
    {
        long total = after.Sum() - before.Sum();
        return total <= 0 ? 0 : (double)(after[StealField] - before[StealField]) / total;
    }

    /// <summary>The first line of /proc/stat, without the times of guests: those are within the others.</summary>
    internal static long[] Parse(string line) =>
        [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(StealField + 1).Select(ticks => long.Parse(ticks, CultureInfo.InvariantCulture))];

    private static long[] Read() => Parse(File.ReadLines("/proc/stat").First());
}
