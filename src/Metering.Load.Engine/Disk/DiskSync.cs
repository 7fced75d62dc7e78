using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Metering.Load;

/// <summary>Writes a new file from its beginning and waits for the disk after every write (fdatasync), as a log is written.</summary>
/// <param name="folder">Where the file is; it is gone afterwards.</param>
/// <param name="time">The clock.</param>
internal sealed partial class DiskSync(string folder, TimeProvider time)
{
    /// <summary>A small write: one page of a file.</summary>
    public const int SmallBytes = 4096;

    // No file of a benchmark should fill the disk: it is written over from its beginning then.
    private const long FileBytes = 2L << 30;

    /// <summary>Writes for a while.</summary>
    /// <param name="bytes">Bytes of each write.</param>
    /// <param name="seconds">For how long.</param>
    /// <param name="stop">Ends it early, by an exception.</param>
    /// <exception cref="IOException">The disk reports a fault.</exception>
    public SyncFigures Measure(int bytes, double seconds, CancellationToken stop)
    {
        string path = Path.Combine(folder, "sync");
        byte[] content = RandomNumberGenerator.GetBytes(bytes);
        var milliseconds = new List<double>();
        long start = time.GetTimestamp(), offset = 0;
        using (SafeFileHandle file = File.OpenHandle(path, FileMode.Create, FileAccess.Write))
        {
            do
            {
                stop.ThrowIfCancellationRequested();
                long begun = time.GetTimestamp();
                RandomAccess.Write(file, content, offset);
                if (Sync(file) != 0)
                    throw new IOException($"fdatasync: {Marshal.GetLastPInvokeErrorMessage()}");
                milliseconds.Add(time.GetElapsedTime(begun).TotalMilliseconds);
                offset = offset + bytes > FileBytes ? 0 : offset + bytes;
            }
            while (time.GetElapsedTime(start).TotalSeconds < seconds);
        }

        double elapsed = time.GetElapsedTime(start).TotalSeconds;
        File.Delete(path);
        return new SyncFigures((double)milliseconds.Count * bytes / elapsed, Median.Of(milliseconds), milliseconds.Count);
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Sync(SafeFileHandle file);
}

/// <summary>What a disk did.</summary>
/// <param name="BytesPerSecond">Bytes written and synced.</param>
/// <param name="MedianMilliseconds">Middle time of a write and its sync.</param>
/// <param name="Syncs">How many there were.</param>
internal sealed record SyncFigures(double BytesPerSecond, double MedianMilliseconds, int Syncs);
