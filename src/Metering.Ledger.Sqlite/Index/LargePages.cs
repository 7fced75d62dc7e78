using System.Runtime.InteropServices;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// Asks Linux for large pages behind memory that is looked at in random places: with small ones the processor looks up
/// addresses longer than data. A wish, no more: elsewhere, or where it is forbidden, everything works as before.
/// </summary>
internal static partial class LargePages
{
    private const int Wanted = 14; // MADV_HUGEPAGE
    private const long WorthwhileBytes = 4L * 1024 * 1024;

    /// <summary>Wishes for large pages; before the memory is written first.</summary>
    public static unsafe void Want(byte* start, long bytes)
    {
        if (!OperatingSystem.IsLinux() || bytes < WorthwhileBytes)
            return;
        nuint page = (nuint)Environment.SystemPageSize;
        nuint first = ((nuint)start + page - 1) & ~(page - 1);
        nuint end = ((nuint)start + (nuint)bytes) & ~(page - 1);
        _ = Advise((void*)first, end - first, Wanted);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static unsafe partial int Advise(void* start, nuint bytes, int advice);
}
