using System.Text;

namespace Metering.Bench;

/// <summary>A target and what was measured.</summary>
/// <param name="What">What is measured.</param>
/// <param name="Measured">The figure, as it is shown.</param>
/// <param name="Bound">The bound, as it is shown.</param>
/// <param name="Holds">Whether the figure keeps to it.</param>
internal sealed record Target(string What, string Measured, string Bound, bool Holds)
{
    public const double EchoPart = 0.7;
    public const double PostgresTimes = 12;
    public const double OnPostgresTimes = 1.5;
    public const double NodesPart = 1;
    public const double SyncTimes = 2;
    public const double SingleExtraMilliseconds = 0.3;
    public const double HalfP99Milliseconds = 10;
    public const double HalfP999Milliseconds = 25;
    public const double ResidentMegabytes = 600;
    public const double DiskBytes = 48;
    public const double AllocatedBytes = 40;

    private const double BytesPerMegabyte = 1e6;

    /// <summary>The targets that a run of this length can judge and has the figures for.</summary>
    public static IReadOnlyList<Target> Of(BenchResult result)
    {
        var targets = new List<Target>();
        void AddLeast(string what, double? figure, double bound, string unit)
        {
            if (figure is { } known)
                targets.Add(AtLeast(what, known, bound, unit));
        }

        void AddMost(string what, double? figure, double bound, string unit, string format = "N1")
        {
            if (figure is { } known)
                targets.Add(AtMost(what, known, bound, unit, format));
        }

        ContenderTurns? server = result.Find(Parts.ServerFull);
        AddLeast("accepted records/s, 25 a request", result.RatioOf(Parts.ServerFull, Parts.EchoFull), EchoPart, "× echo");
        AddLeast("accepted records/s, 25 a request", result.RatioOf(Parts.ServerFull, Parts.Postgres), PostgresTimes, "× PostgreSQL");
        AddLeast("accepted records/s, 1 a request", result.RatioOf(Parts.ServerSingle, Parts.EchoSingle), EchoPart, "× echo");
        AddLeast("accepted records/s on PostgreSQL, 25 a request", result.RatioOf(Parts.ServerOnPostgres, Parts.Postgres), OnPostgresTimes, "× PostgreSQL");
        AddLeast("the same with two nodes", result.RatioOf(Parts.NodesOnPostgres, Parts.ServerOnPostgres), NodesPart, "× one node");
        if (result.Latency is { } latency)
        {
            double bound = (SyncTimes * latency.SyncMilliseconds) + SingleExtraMilliseconds;
            AddMost($"one request in flight, p50 (2 × fdatasync p50 of {latency.SyncMilliseconds:0.00} ms + 0.3 ms)", latency.SingleMilliseconds, bound, "ms", "N2");
            string half = $"at half of the maximum ({latency.MaximumRecordsPerSecond / 2:N0} records/s)";
            bool isKept = latency.AtHalf.Missed == 0; // a rate that is not kept has no latency that counts
            AddMost($"{half}, p99", isKept ? latency.AtHalf.P99Milliseconds : double.PositiveInfinity, HalfP99Milliseconds, "ms");
            AddMost($"{half}, p99.9", isKept ? latency.AtHalf.P999Milliseconds : double.PositiveInfinity, HalfP999Milliseconds, "ms");
        }

        string after = server is null ? "" : $" after {server.MedianOf(turn => turn.Records) / 1e6:N1} million records";
        AddMost($"resident memory at its peak{after}", server?.MedianOf(turn => turn.PeakResidentBytes) / BytesPerMegabyte, ResidentMegabytes, "MB", "N0");
        AddMost("disk, index included, a record", server?.MedianOf(turn => turn.DiskBytesPerRecord), DiskBytes, "bytes");
        AddMost("allocated by the server, a record", server?.MedianOf(turn => turn.AllocatedBytesPerRecord), AllocatedBytes, "bytes");
        return targets;
    }

    /// <summary>A figure that is to be high.</summary>
    public static Target AtLeast(string what, double figure, double bound, string unit, string format = "N2") =>
        new(what, $"{Show(figure, format, Math.Floor)} {unit}".Trim(), $"≥ {bound:#,0.##} {unit}".Trim(), figure >= bound);

    /// <summary>A figure that is to be low.</summary>
    public static Target AtMost(string what, double figure, double bound, string unit, string format = "N1") =>
        new(what, $"{Show(figure, format, Math.Ceiling)} {unit}".Trim(), $"≤ {bound:#,0.##} {unit}".Trim(), figure <= bound);

    // Rounded to the bad side: what falls short by a hair is not to look as if it held. Decimal, since binary fractions are off by a hair.
    private static string Show(double figure, string format, Func<decimal, decimal> round)
    {
        if (!double.IsFinite(figure))
            return figure.ToString(format);
        decimal unit = (decimal)Math.Pow(10, int.Parse(format.AsSpan(1)));
        return (round((decimal)figure * unit) / unit).ToString(format);
    }

    /// <summary>Writes a table of targets, with an empty line after it.</summary>
    public static void AppendTable(StringBuilder text, IEnumerable<Target> targets)
    {
        var table = new MarkdownTable("target", "measured", "bound", "verdict");
        foreach (Target target in targets)
            table.Add(target.What, target.Measured, target.Bound, target.Holds ? "holds" : "**falls short**");
        table.AppendTo(text);
    }
}
