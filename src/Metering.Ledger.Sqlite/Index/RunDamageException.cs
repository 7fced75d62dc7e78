namespace Metering.Ledger.Sqlite;

/// <summary>
/// A run of the index cannot be read as it was written. Nothing is lost: it is dropped, and at the next start made again
/// from the batches.
/// </summary>
internal sealed class RunDamageException : Exception
{
    /// <summary>Says what is wrong with which file.</summary>
    public RunDamageException(string path, string what, Exception? cause = null)
        : base($"The index file {path} is damaged: {what}. It is dropped, and made again from the records at the next start.", cause)
    {
        Path = path;
    }

    /// <summary>The file.</summary>
    public string Path { get; }
}
