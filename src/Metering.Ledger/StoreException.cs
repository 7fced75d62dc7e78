namespace Metering.Ledger;

/// <summary>
/// The store cannot be opened, read or changed. The message is one clear sentence or two for the person who runs the
/// server: what, where, and what to do.
/// </summary>
public sealed class StoreException : Exception
{
    /// <summary>A fault of the store itself.</summary>
    public StoreException(string message)
        : base(message)
    {
    }

    /// <summary>A fault that something else caused.</summary>
    public StoreException(string message, Exception cause)
        : base(message, cause)
    {
    }

    /// <summary>The store is away for the moment: the same may succeed later. Otherwise somebody has to do something.</summary>
    public bool IsOutage { get; init; }

    /// <summary>What was asked for is in an archive whose file is not there: it has to be put back first.</summary>
    public bool IsArchiveAbsent { get; init; }
}
