namespace Metering.Ledger.Sqlite;

/// <summary>
/// The folder beside the ledger's file that holds its runs: derived data, which can be deleted at any time while no
/// server runs. A file is named after the batches that it covers.
/// </summary>
internal sealed class RunFolder(string ledgerFile, Guid ledger)
{
    private const string Ending = ".run";

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
    /// Opens the runs that can be used, in the order of their batches and without overlap, and deletes the others: files
    /// that are not whole, foreign, beyond the ledger's end or of another past of it, and those whose batches a larger
    /// run covers, which a crash left behind.
    /// </summary>
    /// <param name="lastBatch">The ledger's last batch.</param>
    /// <param name="checksumOf">The checksum that a batch of the ledger carries; null when there is no such batch.</param>
    /// <param name="notice">Told of each file that should have been usable.</param>
    public List<Run> Open(long lastBatch, Func<long, uint?> checksumOf, Action<string> notice)
    {
        var runs = new List<Run>();
        if (!Directory.Exists(Path))
            return runs;
        foreach (string file in Directory.EnumerateFiles(Path).Order(StringComparer.Ordinal))
        {
            if (file.EndsWith(Ending + RunWriter.TemporaryEnding, StringComparison.Ordinal))
                File.Delete(file); // what was being written; what it was made from is there
            else if (file.EndsWith(Ending, StringComparison.Ordinal) && TryOpen(file, lastBatch, checksumOf, notice) is { } run)
                runs.Add(run);
        }

        return WithoutOverlap(runs);
    }

    private Run? TryOpen(string file, long lastBatch, Func<long, uint?> checksumOf, Action<string> notice)
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
        File.Delete(file);
        notice(fault);
        return null;
    }

    private string? FaultOf(RunHeader header, string file, long lastBatch, Func<long, uint?> checksumOf)
    {
        string? fault = header.Ledger != ledger ? "belongs to another ledger"
            : header.LastBatch > lastBatch ? "goes beyond the end of this ledger, which was restored from an older copy"
            : checksumOf(header.LastBatch) != header.LastBatchChecksum ? "was made from other records than this ledger has"
            : file != FileOf(header) ? "has the name of another"
            : null;
        return fault is null ? null : $"The index file {file} {fault}. It was deleted; what is missing is made again from the records.";
    }

    // Merging takes runs that follow each other, so that of two that share batches one covers the other.
    private static List<Run> WithoutOverlap(List<Run> runs)
    {
        var kept = new List<Run>();
        foreach (Run run in runs.OrderBy(run => run.Header.FirstBatch).ThenByDescending(run => run.Header.LastBatch))
        {
            if (kept.Count == 0 || run.Header.FirstBatch > kept[^1].Header.LastBatch)
            {
                kept.Add(run);
                continue;
            }

            run.Delete();
            run.Release();
        }

        return kept;
    }

    private string FileOf(RunHeader header) =>
        System.IO.Path.Combine(Path, $"{header.FirstBatch:D12}-{header.LastBatch:D12}{Ending}");
}
