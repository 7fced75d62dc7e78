namespace Metering.Ledger.Sqlite;

/// <summary>Where the embedded store is and how it behaves. The defaults suit every installation known.</summary>
/// <param name="Path">The ledger's file, by custom <c>ledger.db</c>; made when missing, in a directory that exists.</param>
public sealed record SqliteStoreOptions(string Path)
{
    /// <summary>Most requests that wait; at least 1.</summary>
    public int QueueRequests { get; init; } = Limits.LedgerQueueRequests;

    /// <summary>Most requests in one group commit; from 1 to <see cref="QueueRequests"/>.</summary>
    public int GroupRequests { get; init; } = Limits.GroupCommitRequests;

    /// <summary>Free space on the disk below which writes are refused, in bytes; 0 switches the check off.</summary>
    public long FreeDiskBytes { get; init; } = Limits.FreeDiskBytes;

    /// <summary>Length of the write-ahead log, in bytes, from which it is copied into the file while writes go on.</summary>
    public long CheckpointBytes { get; init; } = 32L * 1024 * 1024;

    /// <summary>
    /// Length of the write-ahead log, in bytes, from which it is also started anew, which holds up one commit for about
    /// as long as an fsync takes; at least <see cref="CheckpointBytes"/>.
    /// </summary>
    public long RestartLogBytes { get; init; } = 128L * 1024 * 1024;

    /// <summary>Time without a commit after which the write-ahead log is copied and cut to nothing.</summary>
    public TimeSpan CheckpointIdle { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Longest time that one reading of totals may take: while it lasts, the write-ahead log can only grow.</summary>
    public TimeSpan ReaderLifetime { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Time from the end of a day of UTC until its totals are rolled up: by then, as a rule, no more records come for it. Those
    /// that do come are read no less exactly, only more slowly.
    /// </summary>
    public TimeSpan RollUpDelay { get; init; } = Limits.AcceptanceWindow + Limits.FutureTolerance;

    /// <summary>Most uuids that a verification keeps in memory at once, at up to 43 bytes each; more records take more passes.</summary>
    public long VerificationUuids { get; init; } = 16L * 1024 * 1024;

    /// <summary>Most hourly totals that a verification keeps in memory at once, at up to 150 bytes each; more take more passes.</summary>
    public long VerificationTotals { get; init; } = 4L * 1024 * 1024;

    /// <summary>
    /// Uuids in memory from which they are sealed into a run; at least 1. They take 25 bytes each, up to three times over:
    /// those that are counted, those that are being sealed, and room for the next.
    /// </summary>
    public int IndexRecentUuids { get; init; } = 2 * 1024 * 1024;

    /// <summary>Runs of the index that are merged into one; from 2 to 64.</summary>
    public int IndexFanIn { get; init; } = 4;

    /// <summary>Bytes of records at which an archive is full; at least 1.</summary>
    public long ArchiveBytes { get; init; } = Limits.ArchiveBytes;

    /// <summary>How long rejected records are kept, and how many.</summary>
    public RejectedKeeping Rejections { get; init; } = RejectedKeeping.Default;

    /// <summary>Told of each step of archiving; for tests, which crash there.</summary>
    internal Action<ArchiveStep>? ArchiveStepReached { get; init; }

    /// <summary>
    /// Drops what was archived without having read it back, which breaks the promise. Only for the control of the tests
    /// that damage archives while they are made, and reached by no setting.
    /// </summary>
    internal bool IsArchiveProofSkipped { get; init; }

    /// <summary>Told of each step of sealing and merging, on the index's thread; for tests, which crash there.</summary>
    internal Action<IndexStep>? IndexStepReached { get; init; }

    /// <summary>
    /// Answers without waiting for the fsync (<c>synchronous=NORMAL</c>), which breaks the promise. Only for the control of
    /// the tests that cut the power, and reached by no setting.
    /// </summary>
    internal bool IsFsyncSkipped { get; init; }

    /// <summary>Throws when an option is out of its range; all faults together.</summary>
    internal void Check()
    {
        var faults = new List<string>();
        if (string.IsNullOrWhiteSpace(Path))
            faults.Add("the path is empty");
        if (QueueRequests < 1)
            faults.Add($"the queue must hold at least 1 request, not {QueueRequests}");
        if (GroupRequests < 1 || GroupRequests > QueueRequests)
            faults.Add($"a group must hold 1 to {QueueRequests} requests, not {GroupRequests}");
        if (FreeDiskBytes < 0)
            faults.Add($"the free space to keep cannot be {FreeDiskBytes} bytes");
        if (CheckpointBytes < 1 || RestartLogBytes < CheckpointBytes)
            faults.Add($"the log's thresholds of {CheckpointBytes} and {RestartLogBytes} bytes must be positive and in order");
        if (VerificationUuids < 1 || VerificationTotals < 1)
            faults.Add($"a verification must keep at least 1 uuid and 1 total, not {VerificationUuids} and {VerificationTotals}");
        if (ArchiveBytes < 1)
            faults.Add($"an archive must hold at least 1 byte of records, not {ArchiveBytes}");
        if (Rejections.Age <= TimeSpan.Zero || Rejections.BytesMaximum < 1)
            faults.Add($"rejected records cannot be kept for {Rejections.Age} in {Rejections.BytesMaximum} bytes");
        if (IndexRecentUuids < 1)
            faults.Add($"the index must keep at least 1 uuid in memory, not {IndexRecentUuids}");
        if (IndexFanIn is < 2 or > 64)
            faults.Add($"2 to 64 runs of the index can be merged at once, not {IndexFanIn}");
        if (CheckpointIdle <= TimeSpan.Zero || ReaderLifetime <= TimeSpan.Zero || RollUpDelay <= TimeSpan.Zero)
            faults.Add("times must be positive");
        if (faults.Count > 0)
            throw new StoreException($"The store's options are not usable: {string.Join("; ", faults)}.");
    }
}
