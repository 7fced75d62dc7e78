namespace Metering.Bench;

/// <summary>
/// What the disk allows: writes one after the other, each as large as a group commit of this load and followed by fdatasync; then
/// small ones, for the time that a sync takes.
/// </summary>
/// <param name="options">How the run is made.</param>
/// <param name="folder">Where the file is.</param>
/// <param name="time">The clock.</param>
/// <param name="bytesPerRecord">Bytes that a record takes in this server's ledger.</param>
internal sealed class DiskContender(BenchOptions options, WorkFolder folder, TimeProvider time, Func<double> bytesPerRecord) : IContender
{
    /// <summary>Bytes that a record is taken to need while no server has been measured: the most that the ledger is to use.</summary>
    public const double AssumedRecordBytes = 48;

    // Half of what is in flight is in one commit, while the other half is answered or on its way.
    private const int GroupsInFlight = 2;

    public IReadOnlyList<string> Names => [Parts.Disk];

    public string Describe(string name) => "the disk: the ledger's bytes, written and fdatasynced";

    public Task PrepareAsync(CancellationToken stop) => Task.CompletedTask;

    public Task<IReadOnlyDictionary<string, Turn>> TakeTurnsAsync(CancellationToken stop)
    {
        string place = folder.Make(Parts.Disk);
        double recordBytes = bytesPerRecord();
        int groupBytes = (int)(options.RecordsInFlight / GroupsInFlight * recordBytes);
        var sync = new DiskSync(place, time);
        SyncFigures groups = sync.Measure(groupBytes, options.OtherSeconds / 2, stop);
        SyncFigures small = sync.Measure(DiskSync.SmallBytes, options.OtherSeconds / 2, stop);
        Directory.Delete(place, recursive: true);
        var turn = new Turn(groups.BytesPerSecond / recordBytes)
        {
            BytesPerSecond = groups.BytesPerSecond,
            SyncMilliseconds = small.MedianMilliseconds,
        };
        return Task.FromResult(Parts.Only(Parts.Disk, turn));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
