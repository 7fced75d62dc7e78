namespace Metering.Ledger.Sqlite;

/// <summary>A run's file that cannot be used.</summary>
/// <param name="Path">The file.</param>
/// <param name="Fault">Why, in a sentence that names it.</param>
internal readonly record struct UnusableRun(string Path, string Fault);

/// <summary>
/// The folder beside the ledger's file that holds its runs: derived data, which is made again from the records, in the
/// ledger or in its archives, wherever it is missing. A file is named after the batches that it covers.
/// </summary>
internal sealed class RunFolder(string ledgerFile, Guid ledger)
{
    private const string Ending = ".run";
    private const string DamagedEnding = ".damaged";

    /// <summary>The folder; made with the first run.</summary>
    public string Path { get; } = ledgerFile + ".index";

    /// <summary>Begins a run.</summary>
    public RunWriter Write(RunHeader header)
    {
        if (!Directory.Exists(Path))
        {
            Directory.CreateDirectory(Path);
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            DirectorySync.Flush(System.IO.Path.GetDirectoryName(Path)!);
        }

        return new RunWriter(FileOf(header), header with { Ledger = ledger });
    }

    /// <summary>
    /// Opens the runs that can be used, and tells of the others, which the caller deletes. Those whose batches a larger run
    /// covers, which a crash left behind, are deleted.
    /// </summary>
    /// <param name="lastBatch">The ledger's last batch.</param>
    /// <param name="checksumOf">The checksum that a batch of the ledger carries; null when there is no such batch.</param>
    public (List<Run> Runs, List<UnusableRun> Unusable) Open(long lastBatch, Func<long, uint?> checksumOf)
    {
        if (!Directory.Exists(Path))
            return ([], []);

        // Who named them may have been killed before the fsync, and archived records have their uuids nowhere else here.
        DirectorySync.Flush(Path);
        DirectorySync.Flush(System.IO.Path.GetDirectoryName(Path)!);
        foreach (string file in Directory.EnumerateFiles(Path, "*" + Ending + RunWriter.TemporaryEnding))
            File.Delete(file); // what was being written; what it was made from is there
        return Find(lastBatch, checksumOf, covered => covered.Delete());
    }

    /// <summary>
    /// Finds the runs that can be used, in the order of their batches and without overlap, and the others: files that are not
    /// whole, foreign, beyond the ledger's end or of another past of it. Changes nothing.
    /// </summary>
    /// <param name="lastBatch">The ledger's last batch.</param>
    /// <param name="checksumOf">The checksum that a batch of the ledger carries; null when there is no such batch.</param>
    /// <param name="isCovered">Told of each run whose batches a larger one covers.</param>
    public (List<Run> Runs, List<UnusableRun> Unusable) Find(long lastBatch, Func<long, uint?> checksumOf, Action<Run> isCovered)
    {
        var runs = new List<Run>();
        var unusable = new List<UnusableRun>();
        if (!Directory.Exists(Path))
            return (runs, unusable);
        foreach (string file in Directory.EnumerateFiles(Path).Order(StringComparer.Ordinal))
        {
            if (file.EndsWith(Ending, StringComparison.Ordinal) && TryOpen(file, lastBatch, checksumOf, unusable) is { } run)
                runs.Add(run);
        }

        return (WithoutOverlap(runs, isCovered), unusable);
    }

    /// <summary>Takes a run that was found damaged out of use. It is kept until what it lacks was made again.</summary>
    public static void SetAside(string path)
    {
        if (File.Exists(path))
            File.Move(path, path + DamagedEnding, overwrite: true);
    }

    /// <summary>Deletes what was set aside: the index is whole without it.</summary>
    public void Forget()
    {
        if (!Directory.Exists(Path))
            return;
        foreach (string file in Directory.EnumerateFiles(Path, "*" + Ending + DamagedEnding))
            File.Delete(file);
    }

    private Run? TryOpen(string file, long lastBatch, Func<long, uint?> checksumOf, List<UnusableRun> unusable)
    {
        Run? run = null;
        string? fault = null;
        try
        {
            run = RunFile.Open(file);
            fault = FaultOf(run.Header, file, lastBatch, checksumOf);
        }
        catch (RunDamageException damage)
        {
            fault = damage.Message;
        }

        if (fault is null)
            return run;
        run?.Release();
        unusable.Add(new UnusableRun(file, fault));
        return null;
    }

    private string? FaultOf(RunHeader header, string file, long lastBatch, Func<long, uint?> checksumOf)
    {
        string? fault = header.Ledger != ledger ? "belongs to another ledger"
            : header.LastBatch > lastBatch ? "goes beyond the end of this ledger, which was restored from an older copy"
            : checksumOf(header.LastBatch) != header.LastBatchChecksum ? "was made from other records than this ledger has"
            : file != FileOf(header) ? "has the name of another"
            : null;
        return fault is null ? null : $"The index file {file} {fault}. It is deleted at start, and what is missing made again from the records.";
    }

    // Merging takes runs that follow each other, so that of two that share batches one covers the other.
    private static List<Run> WithoutOverlap(List<Run> runs, Action<Run> isCovered)
    {
        var kept = new List<Run>();
        foreach (Run run in runs.OrderBy(run => run.Header.FirstBatch).ThenByDescending(run => run.Header.LastBatch))
        {
            if (kept.Count == 0 || run.Header.FirstBatch > kept[^1].Header.LastBatch)
            {
                kept.Add(run);
                continue;
            }

            isCovered(run);
            run.Release();
        }

        return kept;
    }

    private string FileOf(RunHeader header) =>
        System.IO.Path.Combine(Path, $"{header.FirstBatch:D12}-{header.LastBatch:D12}{Ending}");
}
