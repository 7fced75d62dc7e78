namespace Metering.Ledger;

/// <summary>A ledger that is moved into another store. Nobody else has it open meanwhile, so that it does not change.</summary>
public interface ILedgerSource : IAsyncDisposable
{
    /// <summary>The ledger's own number, the same for ever; a copy has it too.</summary>
    Guid Ledger { get; }

    /// <summary>Where it is, in words.</summary>
    string Place { get; }

    /// <summary>Number of the last batch; 0 when there is none.</summary>
    long LastBatch { get; }

    /// <summary>Records that the batches up to this one promise.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    long RecordsUpTo(long batch);

    /// <summary>Begins to read the batches that come after this one, in order.</summary>
    IRecordBatches ReadBatches(long after);

    /// <summary>Every hourly total, sorted by owner, SKU and hour.</summary>
    IAsyncEnumerable<HourTotal> ReadTotalsAsync(CancellationToken cancellationToken);

    /// <summary>Every hourly count of rejected records, sorted by owner, reason and hour.</summary>
    IAsyncEnumerable<HourRejections> ReadRejectionsAsync(CancellationToken cancellationToken);

    /// <summary>Every rejected record that is kept, in the order in which they were kept.</summary>
    /// <exception cref="StoreException">Some of them are damaged; the message names them.</exception>
    IAsyncEnumerable<RejectedRecord> ReadRejectedAsync(CancellationToken cancellationToken);

    /// <summary>What there is beside usage.</summary>
    Task<LedgerBelongings> ReadBelongingsAsync(CancellationToken cancellationToken);
}

/// <summary>The records of a ledger, batch by batch.</summary>
public interface IRecordBatches : IDisposable
{
    /// <summary>Adds the records of the next batch to a list.</summary>
    /// <returns>The batch's number; 0 after the last.</returns>
    /// <exception cref="StoreException">The batch is damaged; the message names it.</exception>
    long Next(List<CountedRecord> records);
}

/// <summary>What a ledger keeps beside usage.</summary>
/// <param name="Catalog">Every object with its number, retired ones included.</param>
/// <param name="SigningKeys">Keys that tokens are signed with, oldest first. Secret.</param>
/// <param name="Revocations">Tokens that were revoked, those that ended by themselves since perhaps included.</param>
/// <param name="HighWaterUnixNanoseconds">Latest reading of the clock.</param>
/// <param name="AdminToken">The admin token; null when the store keeps none. Secret.</param>
public sealed record LedgerBelongings(
    StoredCatalog Catalog,
    IReadOnlyList<SigningKey> SigningKeys,
    IReadOnlyList<RevokedToken> Revocations,
    long HighWaterUnixNanoseconds,
    string? AdminToken)
{
    /// <summary>Every correction, by record and step.</summary>
    public IReadOnlyList<Correction> Corrections { get; init; } = [];

    /// <summary>Every time that rejected records were judged anew.</summary>
    public IReadOnlyList<RejectedReplay> Replays { get; init; } = [];

    /// <summary>Rejected records that were kept once and were dropped since.</summary>
    public long DroppedRejections { get; init; }

    /// <summary>Places in the feed under names, those that the ledger knows as its own.</summary>
    public IReadOnlyList<MovedConsumer> Consumers { get; init; } = [];
}

/// <summary>A place in the feed that is kept under a name, in the terms of every store: how many records come before it.</summary>
/// <param name="Scope">Whose records are followed.</param>
/// <param name="Name">The name.</param>
/// <param name="RecordsBefore">Records that come before, in the order of commits, which a move keeps.</param>
/// <param name="SavedUnixNanoseconds">When it was saved, in nanoseconds since 1970-01-01T00:00:00Z.</param>
public sealed record MovedConsumer(string Scope, string Name, long RecordsBefore, long SavedUnixNanoseconds);
