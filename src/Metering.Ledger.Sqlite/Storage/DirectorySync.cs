using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// Makes a directory's entries durable: a file that was fsynced can still be missing after a power cut if its name was not.
/// </summary>
internal static partial class DirectorySync
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

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);
}
