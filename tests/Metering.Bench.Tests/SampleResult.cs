namespace Metering.Bench.Tests;

/// <summary>A run of three rounds with figures that are easy to reckon with.</summary>
internal static class SampleResult
{
    public static readonly BenchOptions Options = new()
    {
        Checkout = Checkout.Root,
        Only = Parts.All,
        Rounds = 3,
        Seconds = 30,
        WarmSeconds = 12,
        IsNewEachRound = true,
        TableRows = 1,
        Connections = 12,
        Streams = 100,
        Data = "/tmp",
        Results = "/tmp",
        IsJson = false,
        Document = null,
        Command = "bench/run.sh",
    };

    /// <summary>The server is at 0.5, 0.8 and 0.9 of its echo, and at 10, 16 and 9 times PostgreSQL.</summary>
    public static BenchResult Make(LatencyFigures? latency = null) => new(
        Options,
        new Machine("Some processor", 2, 24L << 30, "Some Linux", "ext4", ".NET 10", "3.50.4"),
        new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero),
        [
            Turns(Parts.EchoFull, "echo", 2_000_000, 1_000_000, 1_000_000),
            Turns(Parts.ServerFull, "this server <25>", 1_000_000, 800_000, 900_000) with
            {
                Turns =
                [
                    new Turn(1_000_000) { Records = 30_000_000, AllocatedBytesPerRecord = 39, PeakResidentBytes = 500e6, DiskBytesPerRecord = 47 },
                    new Turn(800_000) { Records = 24_000_000, AllocatedBytesPerRecord = 41, PeakResidentBytes = 700e6 },
                    new Turn(900_000) { Records = 27_000_000, AllocatedBytesPerRecord = 42, PeakResidentBytes = 400e6 },
                ],
            },
            Turns(Parts.Postgres, "PostgreSQL & pgbench", 100_000, 50_000, 100_000),
            Turns(Parts.Disk, "the disk", 9_000_000, 9_000_000, 9_000_000),
        ],
        PostgresClients: 16,
        latency);

    public static LatencyFigures Latency(double single, double p99, double p999, long missed = 0) =>
        new(single, SyncMilliseconds: 1, MaximumRecordsPerSecond: 900_000, new LoadFigures(1, 0, 450_000, 2, p99, p999, 40, 3, missed));

    private static ContenderTurns Turns(string name, string does, params double[] rates) => new(name, does, [.. rates.Select(rate => new Turn(rate))]);
}
