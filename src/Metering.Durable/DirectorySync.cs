using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Metering.Durable;

/// <summary>
/// Makes a directory's entries durable: a file that was fsynced can still be missing after a power cut if its name was not.
/// </summary>
public static partial class DirectorySync
{
    private const int ReadOnly = 0; // O_RDONLY, everywhere

    /// <summary>Fsyncs the directory. Windows has no such thing and needs none.</summary>
    /// <exception cref="IOException">The directory cannot be opened or fsynced.</exception>
    public static void Flush(string directory)
    {
        if (OperatingSystem.IsWindows())
            return;
        int descriptor = Open(directory, ReadOnly);
        if (descriptor < 0)
            throw new IOException($"{directory} cannot be opened: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}.");
        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if (FileSync.Fsync(handle) != 0)
            throw new IOException($"{directory} cannot be fsynced: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}.");
    }

    /// <summary>Gives a file another name in its directory, durably: afterwards no power cut brings the old one back.</summary>
    /// <param name="from">The file, which is flushed already.</param>
    /// <param name="to">Its name from now on.</param>
    /// <param name="overwrite">Whether a file of that name is replaced; otherwise it is a fault.</param>
    /// <exception cref="IOException">The name cannot be given, or may be lost again.</exception>
    public static void Rename(string from, string to, bool overwrite)
    {
        File.Move(from, to, overwrite);
        Flush(Path.GetDirectoryName(Path.GetFullPath(to))!);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);
}
