using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// The folder <c>archives</c> beside the ledger's file. A file is named after its batches and its checksum, so that none
/// ever takes the name of another; nothing here deletes one.
/// </summary>
internal sealed class ArchiveFolder(string ledgerFile)
{
    private const string Ending = ".archive";
    private const string TemporaryEnding = ".tmp";
    private const int NameHashBytes = 4;

    /// <summary>The folder; made with the first archive.</summary>
    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(ledgerFile)!, "archives");

    /// <summary>Where the file that is being written is.</summary>
    public string TemporaryPath { get; } = System.IO.Path.Combine(
        System.IO.Path.GetDirectoryName(ledgerFile)!, "archives", System.IO.Path.GetFileName(ledgerFile) + Ending + TemporaryEnding);

    /// <summary>Makes the folder.</summary>
    public void Make()
    {
        if (Directory.Exists(Path))
            return;
        Directory.CreateDirectory(Path);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Deletes what was being written when a server ended; its records are all in the ledger.</summary>
    public void DropTemporary()
    {
        if (Directory.Exists(Path))
            File.Delete(TemporaryPath);
    }

    /// <summary>Gives the file that was written its name, durably.</summary>
    /// <param name="header">What it holds.</param>
    /// <param name="sha256">Its checksum.</param>
    /// <param name="reached">Told of the step, for tests.</param>
    /// <returns>Its path.</returns>
    public string Name(ArchiveHeader header, byte[] sha256, Action<ArchiveStep> reached)
    {
        string digits = Convert.ToHexStringLower(sha256.AsSpan(0, NameHashBytes));
        string path = System.IO.Path.Combine(Path, $"{header.FirstBatch:D12}-{header.LastBatch:D12}-{digits}{Ending}");
        File.Move(TemporaryPath, path, overwrite: true); // of the same name are the same bytes
        reached(ArchiveStep.Named);
        KeepNames();
        reached(ArchiveStep.Durable);
        return path;
    }

    /// <summary>
    /// Makes a file that was found under its name durable: who gave it the name may have been killed before the fsync, or
    /// have copied it here.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="reached">Told of the step, for tests.</param>
    public void Keep(string path, Action<ArchiveStep> reached)
    {
        using (SafeFileHandle file = File.OpenHandle(path, FileMode.Open, OperatingSystem.IsWindows() ? FileAccess.ReadWrite : FileAccess.Read))
            FileSync.Flush(file, path);
        KeepNames();
        reached(ArchiveStep.Durable);
    }

    /// <summary>Files that are no note's: of an archive that was not finished, of another ledger, or of a future that a restored copy does not know.</summary>
    public IEnumerable<string> FilesBut(IReadOnlyCollection<ArchiveNote> notes) => Directory.Exists(Path)
        ? Directory.EnumerateFiles(Path, "*" + Ending).Where(file => notes.All(note => note.File != System.IO.Path.GetFileName(file)))
            .Order(StringComparer.Ordinal)
        : [];

    /// <summary>The path of a file of this folder; null when there is none of this name.</summary>
    public string? Find(string fileName)
    {
        string path = System.IO.Path.Combine(Path, fileName);
        return fileName == System.IO.Path.GetFileName(fileName) && fileName.Length > 0 && File.Exists(path) ? path : null;
    }

    /// <summary>SHA-256 as people compare it.</summary>
    public static string Text(byte[] sha256) => sha256.Length == SHA256.HashSizeInBytes ? Convert.ToHexStringLower(sha256) : string.Empty;

    // The folder's own name too, every time: the server that made it may have been killed before the fsync.
    private void KeepNames()
    {
        DirectorySync.Flush(Path);
        DirectorySync.Flush(System.IO.Path.GetDirectoryName(Path)!);
    }
}
