using Metering.Load;

namespace Metering.Bench;

/// <summary>
/// What the disk allows: writes one after the other, each as large as a group commit of this load and followed by fdatasync; then
/// small ones, for the time that a sync takes.
/// </summary>
/// <param name="options">How the run is made.</param>
/// <param name="folder">Where the file is.</param>
/// <param name="time">The clock.</param>
internal sealed class DiskContender(BenchOptions options, WorkFolder folder, TimeProvider time) : IContender
{
    /// <summary>Bytes that a record is taken to need while no server has been measured: the most that the ledger is to use.</summary>
    public const double AssumedRecordBytes = 48;

    // For the size of the writes only: about what a record of the ledger takes.
    private const int GroupRecordBytes = 20;

    // Half of what is in flight is in one commit, while the other half is answered or on its way.
    private const int GroupsInFlight = 2;

    public IReadOnlyList<string> Names => [Parts.Disk];

    public string Describe(string name) => "the disk: the ledger's bytes, written and fdatasynced";

    public Task PrepareAsync(CancellationToken stop) => Task.CompletedTask;

    public Task<IReadOnlyDictionary<string, Turn>> TakeTurnsAsync(bool isLast, CancellationToken stop)
    {
        string place = folder.Make(Parts.Disk);
        int groupBytes = options.RecordsInFlight / GroupsInFlight * GroupRecordBytes;
        var sync = new DiskSync(place, time);
        SyncFigures groups = sync.Measure(groupBytes, options.OtherSeconds / 2, stop);
        SyncFigures small = sync.Measure(DiskSync.SmallBytes, options.OtherSeconds / 2, stop);
        Directory.Delete(place, recursive: true);
        var turn = new Turn(groups.BytesPerSecond / AssumedRecordBytes)
        {
            BytesPerSecond = groups.BytesPerSecond,
            SyncMilliseconds = small.MedianMilliseconds,
        };
        return Task.FromResult(Parts.Only(Parts.Disk, turn));
    }

    /// <summary>Counts what the disk wrote in records as large as those of the server's ledger in the same run, when that was measured.</summary>
    public static ContenderTurns[] CountRecords(IReadOnlyList<ContenderTurns> contenders)
    {
        ContenderTurns? server = contenders.FirstOrDefault(contender => contender.Name is Parts.ServerFull or Parts.ServerSingle);
        double bytesPerRecord = server?.MedianOf(turn => turn.DiskBytesPerRecord) ?? AssumedRecordBytes;
        return [.. contenders.Select(contender => contender with
        {
            Turns = [.. contender.Turns.Select(turn =>
                turn.BytesPerSecond is { } bytes ? turn with { RecordsPerSecond = bytes / bytesPerRecord } : turn)],
        })];
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
