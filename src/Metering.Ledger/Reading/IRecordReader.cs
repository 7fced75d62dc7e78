namespace Metering.Ledger;

/// <summary>
/// Accepted records, one by one: in the order of their commits, each exactly once for whoever follows a cursor, or by uuid.
/// Reading never waits for writing, nor writing for reading; what is read is durable.
/// </summary>
public interface IRecordReader
{
    /// <summary>The records that come after a place, in order.</summary>
    /// <param name="after">The place: the beginning, or one that this ledger gave.</param>
    /// <param name="recordsMaximum">At most so many records; there may be fewer although there are more to come.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="UnknownCursorException">The ledger never gave this place.</exception>
    /// <exception cref="StoreException">Damaged, archived elsewhere, or away; the message says so.</exception>
    Task<RecordPage> ReadAsync(LedgerCursor after, int recordsMaximum, CancellationToken cancellationToken);

    /// <summary>Begins to read very many records, which is to cost those who write as little as possible.</summary>
    IBulkReading BeginBulk() => UnhinderedReading.Instance;

    /// <summary>Completes once there may be records after a place; at once if there are.</summary>
    /// <exception cref="UnknownCursorException">The ledger never gave this place.</exception>
    Task WaitAsync(LedgerCursor after, CancellationToken cancellationToken);

    /// <summary>The place after all records that are there now.</summary>
    Task<LedgerCursor> EndAsync(CancellationToken cancellationToken);

    /// <summary>
    /// A place before all records that were accepted at this moment or later, so that who wants those alone need not read from
    /// the beginning. There may be earlier ones after it.
    /// </summary>
    /// <param name="acceptedUnixNanoseconds">Nanoseconds since 1970-01-01T00:00:00Z.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<LedgerCursor> SeekAsync(long acceptedUnixNanoseconds, CancellationToken cancellationToken);

    /// <summary>
    /// Whether, somewhere after a place, moments of acceptance begin anew, because the operator set the clock back. Otherwise
    /// they go on from where they were, but for what passes between reading the clock and committing
    /// (<see cref="Limits.AcceptanceDisorder"/>).
    /// </summary>
    Task<bool> IsClockSetBackAfterAsync(LedgerCursor place, CancellationToken cancellationToken) => Task.FromResult(false);

    /// <summary>
    /// Those of the uuids that are counted, with their records; archived ones included. Of one whose archive is not there, the
    /// uuid alone is known (<see cref="CountedRecord.IsAway"/>).
    /// </summary>
    /// <param name="uuids">At most <see cref="Limits.LookUpUuids"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<IReadOnlyDictionary<UInt128, CountedRecord>> FindAsync(IReadOnlyCollection<UInt128> uuids, CancellationToken cancellationToken);
}

/// <summary>Some records in the order of their commits.</summary>
/// <param name="Records">The records.</param>
/// <param name="Next">The place after them.</param>
/// <param name="IsEnd">There were no more when they were read.</param>
public sealed record RecordPage(IReadOnlyList<CountedRecord> Records, LedgerCursor Next, bool IsEnd);

/// <summary>A place that the ledger never gave: made up, of another ledger, or from a backup that is older than it.</summary>
public sealed class UnknownCursorException(string what) : Exception(what);
