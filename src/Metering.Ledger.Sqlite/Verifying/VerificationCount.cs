namespace Metering.Ledger.Sqlite;

/// <summary>How far a verification came, told after every batch.</summary>
internal sealed class VerificationCount(IProgress<VerificationProgress>? progress)
{
    private string _checking = string.Empty;
    private long _done;
    private long _of;

    /// <summary>Begins with something else.</summary>
    /// <param name="checking">What is read from here on.</param>
    /// <param name="of">How many there are.</param>
    public void Begin(string checking, long of)
    {
        (_checking, _done, _of) = (checking, 0, of);
        Add(0);
    }

    /// <summary>So many more were read.</summary>
    public void Add(long more)
    {
        _done += more;
        progress?.Report(new VerificationProgress(_checking, _done, Math.Max(_done, _of)));
    }
}
