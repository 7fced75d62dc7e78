using System.Globalization;

namespace Metering.Attacks;

/// <summary>What a process has in memory, as Linux counts it (RSS), and the most that it had since a moment.</summary>
internal sealed class ServerMemory(int processId)
{
    private const string ForgetPeak = "5"; // proc_pid_clear_refs(5)

    /// <summary>Resident now, in bytes.</summary>
    public long ResidentBytes => Read("VmRSS:");

    /// <summary>The most that was resident since <see cref="ForgetPeakBytes"/>, in bytes.</summary>
    public long PeakBytes => Read("VmHWM:");

    /// <summary>Begins to look for the peak anew.</summary>
    public void ForgetPeakBytes() => File.WriteAllText($"/proc/{processId}/clear_refs", ForgetPeak);

    private long Read(string name)
    {
        string line = File.ReadLines($"/proc/{processId}/status").First(line => line.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(line.AsSpan(name.Length, line.Length - name.Length - " kB".Length), NumberStyles.AllowLeadingWhite) * 1024;
    }
}
