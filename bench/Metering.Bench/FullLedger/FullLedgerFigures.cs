namespace Metering.Bench;

/// <summary>What a full ledger changes, measured on one server and one ledger that grows.</summary>
internal sealed record FullLedgerFigures
{
    /// <summary>Records a second of the echo, the median of its turns: before the filling, after it, and at the end.</summary>
    public required double EchoPerSecond { get; init; }

    /// <summary>The rate with little in the ledger.</summary>
    public required RateAt Early { get; init; }

    /// <summary>The rate with all that it was to hold.</summary>
    public required RateAt Full { get; init; }

    /// <summary>All loads that filled the ledger, without a pause between them for sealing and merging to catch up.</summary>
    public required double SustainedPerSecond { get; init; }

    /// <summary>How the filling went, about every second.</summary>
    public required IReadOnlyList<RateAt> Filling { get; init; }

    /// <summary>Records that were sent again long after they were counted.</summary>
    public required long Replayed { get; init; }

    /// <summary>How many of them were answered DUPLICATE.</summary>
    public required long Duplicates { get; init; }

    public required double ReplayPerSecond { get; init; }

    /// <summary>Latencies at half of the rate of the full ledger, from the intended moments of sending.</summary>
    public required LoadFigures AtHalf { get; init; }

    /// <summary>The same load on the echo: what machine, wire and load generator make of it without a ledger.</summary>
    public required LoadFigures EchoAtHalf { get; init; }

    /// <summary>Part of the processors' time that the machine's host took for others, from 0 to 1.</summary>
    public required double StolenShare { get; init; }

    /// <summary>Most memory that the server had resident in the turn with a full ledger.</summary>
    public required long PeakResidentBytes { get; init; }

    /// <summary>Memory that it had resident at the end of that turn.</summary>
    public required long ResidentBytes { get; init; }

    /// <summary>From starting the process to the first 200 of /readyz, each time after a kill -9 under load.</summary>
    public required IReadOnlyList<double> ReadySeconds { get; init; }

    /// <summary>What the ledger is at the end, with the server stopped.</summary>
    public required LedgerAtRest AtRest { get; init; }
}

/// <summary>A rate of accepted records.</summary>
/// <param name="Records">Records that the ledger had at the beginning of it.</param>
/// <param name="RecordsPerSecond">How many were added a second.</param>
internal sealed record RateAt(long Records, double RecordsPerSecond);

/// <summary>A ledger whose server was stopped.</summary>
/// <param name="Records">Records in it.</param>
/// <param name="Acknowledged">Records that were acknowledged to somebody: no more than are in it.</param>
/// <param name="SealedUuids">Uuids in sealed runs of the index.</param>
/// <param name="SealedMemoryBytes">Memory that a server needs for those.</param>
/// <param name="DiskBytes">Bytes of the data directory.</param>
internal sealed record LedgerAtRest(long Records, long Acknowledged, long SealedUuids, long SealedMemoryBytes, long DiskBytes)
{
    public double DiskBytesPerRecord => (double)DiskBytes / Records;

    /// <summary>Null when nothing was sealed yet.</summary>
    public double? MemoryBytesPerSealed => SealedUuids == 0 ? null : (double)SealedMemoryBytes / SealedUuids;
}
