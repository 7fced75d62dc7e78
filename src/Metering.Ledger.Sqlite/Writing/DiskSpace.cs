namespace Metering.Ledger.Sqlite;

/// <summary>
/// Whether the disk has room. Asked before every commit, it looks about once a second, and every time while there is
/// too little, so that writing resumes as soon as it can.
/// </summary>
internal sealed class DiskSpace(string directory, long reserveBytes, TimeProvider time)
{
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
}
