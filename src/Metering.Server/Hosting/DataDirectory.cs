using System.Globalization;

namespace Metering.Server;

/// <summary>The one directory that a server keeps everything in, locked while it serves.</summary>
internal sealed class DataDirectory : IDisposable
{
    /// <summary>Name of the ledger's file.</summary>
    public const string LedgerName = "ledger.db";

    private const string LockName = "lock";
    private const string HolderName = "server.pid"; // beside the lock, which nobody else can open, not even to read

    private readonly FileStream _lock;

    private DataDirectory(string path, FileStream @lock)
    {
        FullPath = path;
        _lock = @lock;
    }

    /// <summary>The directory, absolute.</summary>
    public string FullPath { get; }

    /// <summary>The ledger's file.</summary>
    public string LedgerFile => Path.Combine(FullPath, LedgerName);

    /// <summary>Opens or makes the directory (mode 0700) and locks it.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="option">The option that named it, for messages.</param>
    /// <exception cref="StartException">In use, not ours, or not writable.</exception>
    public static DataDirectory Open(string path, string option = "--data")
    {
        string full = Path.GetFullPath(path);
        try
        {
            if (File.Exists(full))
                throw new StartException($"The data directory {full} is a file. Choose a directory with {option}.");
            if (!Directory.Exists(full))
                Directory.CreateDirectory(full, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            CheckOurs(full, option);
            return new DataDirectory(full, Lock(full, option));
        }
        catch (UnauthorizedAccessException)
        {
            throw new StartException($"The data directory {full} cannot be written by this user. Change its owner, or choose another with {option}.");
        }
        catch (IOException fault)
        {
            throw new StartException($"The data directory {full} cannot be used: {fault.Message}");
        }
    }

    /// <summary>The ledger's file, absolute, that is meant by a data directory or by the file itself; it may not be there.</summary>
    public static string LedgerAt(string path)
    {
        string full = Path.GetFullPath(path);
        return Directory.Exists(full) ? Path.Combine(full, LedgerName) : full;
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    // An empty directory becomes ours; one with other people's files never does.
    private static void CheckOurs(string full, string option)
    {
        string[] names = [.. Directory.EnumerateFileSystemEntries(full).Select(entry => Path.GetFileName(entry)!)];
        string[] ours =
        [
            LockName, HolderName, LedgerName, LedgerName + "-wal", LedgerName + "-shm", LedgerName + "-journal", LedgerName + ".lock",
            AdminToken.FileName, LocalCertificateAuthority.DirectoryName, "lost+found",
        ];
        if (names.Contains(LedgerName, StringComparer.Ordinal) || Array.TrueForAll(names, name => ours.Contains(name, StringComparer.Ordinal)))
            return;
        string strangers = string.Join(", ", names.Except(ours, StringComparer.Ordinal).Order(StringComparer.Ordinal).Take(3));
        throw new StartException($"The data directory {full} holds other files ({strangers}) and no ledger. Choose an empty or new directory with {option}.");
    }

    private static FileStream Lock(string full, string option)
    {
        string path = Path.Combine(full, LockName);
        FileStream stream;
        try
        {
            stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException) when (File.Exists(path))
        {
            throw new StartException($"The data directory {full} is in use by another server{HolderOf(full)}. Stop it first, or choose another directory with {option}.");
        }

        try
        {
            File.WriteAllText(Path.Combine(full, HolderName), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        }
        catch
        {
            stream.Dispose();
            throw;
        }

        return stream;
    }

    private static string HolderOf(string full)
    {
        try
        {
            return File.ReadAllText(Path.Combine(full, HolderName)) is { Length: > 0 } text ? $" (process {text})" : "";
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return ""; // it helps, but is not needed
        }
    }
}
