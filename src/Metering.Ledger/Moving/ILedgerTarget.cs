namespace Metering.Ledger;

/// <summary>How far a move into a target came.</summary>
/// <param name="LastBatch">Number of the last batch whose records are there; 0 at the beginning.</param>
/// <param name="Records">Records of the batches so far.</param>
/// <param name="IsComplete">Everything was moved and compared: the target may be served.</param>
public readonly record struct MoveMark(long LastBatch, long Records, bool IsComplete);

/// <summary>
/// An empty store that a ledger is moved into. From the beginning of a move to its completion no server opens the store. Each
/// step is one transaction that carries the mark of how far the move came: killed at any moment, it goes on from there.
/// </summary>
public interface ILedgerTarget : IAsyncDisposable
{
    /// <summary>Where it is, in words; no password.</summary>
    string Place { get; }

    /// <summary>Claims the store for a ledger, or goes on with the move of the same ledger.</summary>
    /// <exception cref="StoreException">It is not empty, is the target of another ledger, or cannot be reached; the message says so.</exception>
    Task<MoveMark> BeginAsync(Guid ledger, CancellationToken cancellationToken);

    /// <summary>Adds the records of the batches that come after a mark.</summary>
    /// <param name="found">The mark as the caller knows it.</param>
    /// <param name="reached">The mark that holds afterwards.</param>
    /// <param name="records">The records between the two.</param>
    /// <param name="cancellationToken">Gives up before the commit, never within.</param>
    /// <exception cref="StoreException">Somebody else moved the mark, a record is there already, or the store failed.</exception>
    Task AddAsync(MoveMark found, MoveMark reached, IReadOnlyList<CountedRecord> records, CancellationToken cancellationToken);

    /// <summary>Puts the totals, the rejections and the belongings in the place of those that are there.</summary>
    /// <param name="found">The mark as the caller knows it.</param>
    /// <param name="belongings">What there is beside usage.</param>
    /// <param name="totals">Every total.</param>
    /// <param name="rejections">Every count of rejected records.</param>
    /// <param name="rejected">Every rejected record.</param>
    /// <param name="cancellationToken">Gives up before the commit, never within.</param>
    /// <exception cref="StoreException">Somebody else moved the mark, or the store failed.</exception>
    Task FurnishAsync(
        MoveMark found, LedgerBelongings belongings, IAsyncEnumerable<HourTotal> totals, IAsyncEnumerable<HourRejections> rejections,
        IAsyncEnumerable<RejectedRecord> rejected, CancellationToken cancellationToken);

    /// <summary>Those of the records that are there, in any order.</summary>
    Task<IReadOnlyList<CountedRecord>> FindAsync(UInt128[] uuids, CancellationToken cancellationToken);

    /// <summary>The totals, as a server would read them.</summary>
    IAsyncEnumerable<HourTotal> ReadTotalsAsync(CancellationToken cancellationToken);

    /// <summary>The rejections, as a server would read them.</summary>
    IAsyncEnumerable<HourRejections> ReadRejectionsAsync(CancellationToken cancellationToken);

    /// <summary>The rejected records, in any order.</summary>
    IAsyncEnumerable<RejectedRecord> ReadRejectedAsync(CancellationToken cancellationToken);

    /// <summary>The belongings.</summary>
    Task<LedgerBelongings> ReadBelongingsAsync(CancellationToken cancellationToken);

    /// <summary>Counts the records and compares their sums with the totals, in the store.</summary>
    Task<LedgerVerification> VerifyAsync(CancellationToken cancellationToken);

    /// <summary>Ends the move, durably: from now on servers open the store.</summary>
    /// <param name="found">The mark as the caller knows it.</param>
    /// <param name="cancellationToken">Gives up before the commit, never within.</param>
    /// <exception cref="StoreException">Somebody else moved the mark, or the store failed.</exception>
    Task CompleteAsync(MoveMark found, CancellationToken cancellationToken);
}
