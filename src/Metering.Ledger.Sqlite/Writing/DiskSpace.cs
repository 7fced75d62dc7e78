namespace Metering.Ledger.Sqlite;

/// <summary>
/// Whether the disk has room. Asked before every commit, it looks about once a second, and every time while there is
/// too little, so that writing resumes as soon as it can.
/// </summary>
internal sealed class DiskSpace(string directory, long reserveBytes, TimeProvider time)
{
    /// <summary>ENOSPC.</summary>
    public const int FullCode = 28;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private long _lookedAt;
    private bool _isEnough;

    /// <summary>How the free space is measured, in bytes.</summary>
    public Func<long> Measure { get; set; } = () => new DriveInfo(directory).AvailableFreeSpace;

    /// <summary>Whether a commit may go ahead.</summary>
    public bool IsEnough()
    {
        if (reserveBytes == 0 || (_isEnough && time.GetElapsedTime(_lookedAt) < Interval))
            return true;
        _lookedAt = time.GetTimestamp();
        _isEnough = Measure() >= reserveBytes;
        return _isEnough;
    }

    /// <summary>Whether there is room for so many bytes more, beside the reserve. Any thread.</summary>
    public bool HasRoomFor(long bytes) => reserveBytes == 0 || Measure() - bytes >= reserveBytes;

    /// <summary>Whether a file could not be written because the disk, or what its owner may use of it, is full.</summary>
    public static bool IsFull(IOException fault) =>
        fault.HResult is FullCode or 122 /* EDQUOT, Linux */ or 69 /* EDQUOT, macOS */ or unchecked((int)0x80070070);
}
