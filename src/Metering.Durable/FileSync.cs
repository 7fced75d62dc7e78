using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Metering.Durable;

/// <summary>
/// Makes what a file holds durable. Not <see cref="RandomAccess.FlushToDisk"/>: that one was measured to pass over an fsync
/// that answered EIO, and what was never on the disk would be taken for durable.
/// </summary>
public static partial class FileSync
{
    /// <summary>Fsyncs the file.</summary>
    /// <exception cref="IOException">What was written may not be on the disk, now or ever.</exception>
    public static void Flush(SafeFileHandle file, string path)
    {
        if (OperatingSystem.IsWindows())
            RandomAccess.FlushToDisk(file);
        else if (Fsync(file) != 0)
            throw new IOException($"{path} cannot be fsynced: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}.", Marshal.GetLastPInvokeError());
    }

    /// <summary>0, or -1 with the reason in the last P/Invoke error. Not on Windows.</summary>
    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial int Fsync(SafeFileHandle file);
}
