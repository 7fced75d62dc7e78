namespace Metering.Bench;

/// <summary>Something whose records a second are measured, turn by turn, as one part of a run or as several.</summary>
internal interface IContender : IAsyncDisposable
{
    /// <summary>Its parts, of <see cref="Parts"/>, in the order of its turns.</summary>
    IReadOnlyList<string> Names { get; }

    /// <summary>What it does in one of its parts, for the table.</summary>
    string Describe(string name);

    /// <summary>Does what is not measured and not repeated.</summary>
    Task PrepareAsync(CancellationToken stop);

    /// <summary>Takes a turn in each part.</summary>
    /// <param name="isLast">Whether there is no further round.</param>
    /// <param name="stop">Ends it early.</param>
    /// <exception cref="BenchException">It failed.</exception>
    Task<IReadOnlyDictionary<string, Turn>> TakeTurnsAsync(bool isLast, CancellationToken stop);
}

/// <summary>What one turn measured.</summary>
/// <param name="RecordsPerSecond">Records accepted, inserted or written.</param>
internal sealed record Turn(double RecordsPerSecond)
{
    /// <summary>Records that were accepted in the turn; null when nobody counts them.</summary>
    public long? Records { get; init; }

    /// <summary>Bytes that the server's process allocated on its managed heap for each record accepted.</summary>
    public double? AllocatedBytesPerRecord { get; init; }

    /// <summary>Most memory that the server's process had resident, in bytes.</summary>
    public double? PeakResidentBytes { get; init; }

    /// <summary>Bytes of the data directory for each record in it; null while the server still runs.</summary>
    public double? DiskBytesPerRecord { get; init; }

    /// <summary>Bytes a second written and synced.</summary>
    public double? BytesPerSecond { get; init; }

    /// <summary>Middle time of a small write and its sync.</summary>
    public double? SyncMilliseconds { get; init; }
}
