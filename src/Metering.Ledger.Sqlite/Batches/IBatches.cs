namespace Metering.Ledger.Sqlite;

/// <summary>Stored batches in order, wherever they lie: in the ledger or in an archive.</summary>
internal interface IBatches : IDisposable
{
    /// <summary>Number of the batch that is read.</summary>
    long Number { get; }

    /// <summary>Records that it promises.</summary>
    long Records { get; }

    /// <summary>Its bytes, unchecked; gone with the next.</summary>
    ReadOnlySpan<byte> Body { get; }

    /// <summary>Goes to the next batch; false after the last.</summary>
    bool Next();

    /// <summary>Reads the batch's records.</summary>
    /// <exception cref="StoreException">The batch is damaged.</exception>
    BatchReader Read();
}
