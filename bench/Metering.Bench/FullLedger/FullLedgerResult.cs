namespace Metering.Bench;

/// <summary>A run with a full ledger.</summary>
/// <param name="Options">How it was made.</param>
/// <param name="Machine">On what.</param>
/// <param name="Started">When.</param>
/// <param name="Figures">What it measured.</param>
internal sealed record FullLedgerResult(BenchOptions Options, Machine Machine, DateTimeOffset Started, FullLedgerFigures Figures)
{
    private const double EarlyPart = 0.85;
    private const double EchoPart = 0.5;
    private const double ReplayPerSecond = 150_000;
    private const double SealedBytes = 2;
    private const double ReadySeconds = 3;
    private const double BytesPerMegabyte = 1e6;

    /// <summary>The rate of the full ledger as a part of the rate with little in it.</summary>
    public double FullToEarly => Figures.Full.RecordsPerSecond / Figures.Early.RecordsPerSecond;

    /// <summary>The rate of filling as a part of the echo's.</summary>
    public double SustainedToEcho => Figures.SustainedPerSecond / Figures.EchoPerSecond;

    /// <summary>The targets that are judged with a full ledger.</summary>
    public IReadOnlyList<Target> Targets
    {
        get
        {
            FullLedgerFigures figures = Figures;
            string at = $"with {Million(figures.Full.Records)} records";
            bool isKept = figures.AtHalf.Missed == 0; // a rate that is not kept has no latency that counts
            string half = $"{at}, at half of its rate ({figures.Full.RecordsPerSecond / 2:N0} records/s)";
            var targets = new List<Target>
            {
                Target.AtLeast($"rate {at} as a part of the rate with {Million(figures.Early.Records)}", FullToEarly, EarlyPart, "", "N3"),
                Target.AtLeast($"sustained from empty to {Million(figures.Full.Records)}, sealing and merging included", SustainedToEcho, EchoPart, "× echo", "N3"),
                new(
                    $"{Million(figures.Replayed)} records sent again: answered DUPLICATE", $"{figures.Duplicates:N0}", "all",
                    figures.Duplicates == figures.Replayed),
                Target.AtLeast($"{Million(figures.Replayed)} records sent again, records/s", figures.ReplayPerSecond, ReplayPerSecond, "/s", "N0"),
                Target.AtMost($"{half}, p99", isKept ? figures.AtHalf.P99Milliseconds : double.PositiveInfinity, Target.HalfP99Milliseconds, "ms"),
                Target.AtMost($"{half}, p99.9", isKept ? figures.AtHalf.P999Milliseconds : double.PositiveInfinity, Target.HalfP999Milliseconds, "ms"),
                Target.AtMost($"resident memory {at}, at its peak", figures.PeakResidentBytes / BytesPerMegabyte, Target.ResidentMegabytes, "MB", "N0"),
                Target.AtMost("disk, index included, a record", figures.AtRest.DiskBytesPerRecord, Target.DiskBytes, "bytes"),
                Target.AtMost(
                    $"ready after kill -9 under load {at}, the longest of {figures.ReadySeconds.Count}", figures.ReadySeconds.Max(), ReadySeconds, "s", "N2"),
            };
            if (figures.AtRest.MemoryBytesPerSealed is { } bytes)
                targets.Add(Target.AtMost("memory of the index, a sealed record", bytes, SealedBytes, "bytes", "N2"));
            return targets;
        }
    }

    private static string Million(long records) => $"{records / 1e6:#,0.##} million";
}
