namespace Metering.Faults;

/// <summary>
/// What a disk may hold after a power cut at some place of a record: everything that was fsynced, and of the rest anything.
/// Of each file, writes that were not fsynced are lost, kept, or each of them lost, kept or torn between sectors, whatever
/// their order; a change of length is one of them. Names are kept in order, as journals do: of each folder, those that
/// were fsynced, and some of those that followed. This is harder than any file system is.
/// </summary>
internal sealed class DiskAfterCut
{
    private const int SectorBytes = 512;

    private readonly WriteRecord _record;
    private readonly string _folder;
    private readonly string _before;
    private readonly Dictionary<ulong, LinkedFile> _files = [];
    private readonly Dictionary<string, List<Change>> _changes = []; // of names, by folder

    private DiskAfterCut(WriteRecord record, string folder, string before) => (_record, _folder, _before) = (record, folder, before);

    /// <summary>Makes the files.</summary>
    /// <param name="record">What was done.</param>
    /// <param name="folder">Where it was done.</param>
    /// <param name="before">A copy of that folder from before.</param>
    /// <param name="place">Where in the record the power is cut.</param>
    /// <param name="random">Decides what is kept; null keeps only what was fsynced.</param>
    /// <param name="to">Takes the files.</param>
    public static void Make(WriteRecord record, string folder, string before, long place, Random? random, string to)
    {
        var disk = new DiskAfterCut(record, folder, before);
        foreach (WriteEvent one in record.Events.TakeWhile(one => one.End <= place))
            disk.Take(one);
        disk.Write(random, to);
    }

    private void Take(WriteEvent one)
    {
        switch (one.Kind)
        {
            case WriteKind.Opened when !_files.ContainsKey(one.Inode):
                _files.Add(one.Inode, new LinkedFile { Before = Path.Combine(_before, Path.GetRelativePath(_folder, one.Path)) });
                ChangesOf(one.Path).Insert(0, new Change(-1, one.Path, _files[one.Inode])); // it was always there
                break;
            case WriteKind.Created:
                _files[one.Inode] = new LinkedFile(); // numbers of deleted files come again
                ChangesOf(one.Path).Add(new Change(one.At, one.Path, _files[one.Inode]));
                break;
            case WriteKind.Written or WriteKind.Truncated:
                _files[one.Inode].Writes.Add(one);
                break;
            case WriteKind.Synced:
                _files[one.Inode].SyncedTo = Math.Max(_files[one.Inode].SyncedTo, one.Mark);
                break;
            case WriteKind.FolderSynced:
                SyncNames(one);
                break;
            case WriteKind.Renamed:
                string[] names = one.Path.Split('\n');
                LinkedFile? moved = ChangesOf(names[0]).LastOrDefault(change => change.Path == names[0])?.File;
                ChangesOf(names[1]).Add(new Change(one.At, names[1], moved) { Gone = names[0] });
                break;
            case WriteKind.Unlinked:
                ChangesOf(one.Path).Add(new Change(one.At, one.Path, null));
                break;
            case WriteKind.FolderMade:
                ChangesOf(one.Path).Add(new Change(one.At, one.Path, null) { IsFolder = true });
                break;
        }
    }

    private void SyncNames(WriteEvent synced)
    {
        foreach (Change change in ChangesIn(synced.Path).Where(change => change.At < synced.Mark))
            change.IsSynced = true;
    }

    private List<Change> ChangesOf(string path) => ChangesIn(Path.GetDirectoryName(path)!);

    private List<Change> ChangesIn(string folder)
    {
        if (!_changes.TryGetValue(folder, out List<Change>? changes))
            _changes.Add(folder, changes = []);
        return changes;
    }

    private void Write(Random? random, string to)
    {
        var names = new Dictionary<string, LinkedFile?>();
        var lostFolders = new List<string>();
        foreach (List<Change> changes in _changes.Values)
        {
            int synced = changes.FindLastIndex(change => change.IsSynced || change.At < 0) + 1;
            int kept = random is null ? synced : random.Next(3) == 0 ? changes.Count : random.Next(synced, changes.Count + 1);
            foreach (Change change in changes.Take(kept).Where(change => !change.IsFolder))
            {
                names[change.Path] = change.File;
                if (change.Gone is not null)
                    names[change.Gone] = null;
            }

            lostFolders.AddRange(changes.Skip(kept).Where(change => change.IsFolder).Select(change => change.Path + "/"));
        }

        CopyUntouched(names, to);
        foreach ((string path, LinkedFile? file) in names.OrderBy(name => name.Key, StringComparer.Ordinal))
        {
            // The map of the write-ahead log lives in memory and is made anew.
            if (file is not null && !path.EndsWith("-shm", StringComparison.Ordinal) && !lostFolders.Exists(path.StartsWith))
                Write(file, random, Path.Combine(to, Path.GetRelativePath(_folder, path)));
        }
    }

    private void CopyUntouched(Dictionary<string, LinkedFile?> names, string to)
    {
        foreach (string file in Directory.EnumerateFiles(_before, "*", SearchOption.AllDirectories))
        {
            string relative = Path.GetRelativePath(_before, file);
            if (names.ContainsKey(Path.Combine(_folder, relative)))
                continue;
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(to, relative))!);
            File.Copy(file, Path.Combine(to, relative));
        }
    }

    private void Write(LinkedFile file, Random? random, string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using FileStream stream = File.Create(path);
        if (file.Before is not null)
            stream.Write(File.ReadAllBytes(file.Before));
        Fate fate = random is null ? Fate.Lost : (Fate)random.Next(Enum.GetValues<Fate>().Length);
        foreach (WriteEvent one in file.Writes)
        {
            bool isSynced = one.At < file.SyncedTo;
            if (!isSynced && (fate == Fate.Lost || (fate == Fate.Any && random!.Next(2) == 0)))
                continue;
            if (one.Kind == WriteKind.Truncated)
                stream.SetLength(one.Length);
            else
                Write(stream, one, isTorn: !isSynced && fate == Fate.Any && random!.Next(2) == 0, random);
        }
    }

    private void Write(FileStream stream, WriteEvent written, bool isTorn, Random? random)
    {
        ReadOnlySpan<byte> bytes = _record.BytesOf(written);
        for (int start = 0; start < bytes.Length;)
        {
            // Sectors lie where the file has them.
            int length = (int)Math.Min(bytes.Length - start, isTorn ? SectorBytes - ((written.Offset + start) % SectorBytes) : bytes.Length);
            if (!isTorn || random!.Next(2) == 0)
            {
                stream.Position = written.Offset + start;
                stream.Write(bytes.Slice(start, length));
            }

            start += length;
        }
    }

    private enum Fate
    {
        Lost,
        Kept,
        Any,
    }

    private sealed class LinkedFile
    {
        public string? Before { get; init; }

        public List<WriteEvent> Writes { get; } = [];

        public long SyncedTo { get; set; }
    }

    private sealed record Change(long At, string Path, LinkedFile? File)
    {
        public string? Gone { get; init; }

        public bool IsFolder { get; init; }

        public bool IsSynced { get; set; }
    }
}
