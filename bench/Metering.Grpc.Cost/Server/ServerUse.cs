namespace Metering.Grpc.Cost;

/// <summary>What the server's process has used since it started.</summary>
/// <param name="AllocatedBytes">Bytes allocated on the managed heap.</param>
/// <param name="ProcessorTime">Processor time, user and kernel.</param>
internal readonly record struct ServerUse(long AllocatedBytes, TimeSpan ProcessorTime)
{
    public static ServerUse OfThisProcess() => new(GC.GetTotalAllocatedBytes(precise: true), Environment.CpuUsage.TotalTime);

    public static ServerUse operator -(ServerUse later, ServerUse earlier) =>
        new(later.AllocatedBytes - earlier.AllocatedBytes, later.ProcessorTime - earlier.ProcessorTime);

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    public static ServerUse Parse(string line)
    {
        string[] parts = line.Split(' ');
        return new(long.Parse(parts[0]), TimeSpan.FromTicks(long.Parse(parts[1])));
    }

    public override string ToString() => $"{AllocatedBytes} {ProcessorTime.Ticks}";
}
