namespace Metering.Ledger.Sqlite;

/// <summary>
/// Which uuids were counted: exact, for ever. The writer's thread alone uses it.
/// <para>
/// What a group adds is provisional until <see cref="Keep"/>: that is called after the group's COMMIT, with the batch
/// that holds the uuids; <see cref="Discard"/> takes them back when the group's transaction was rolled back. An index
/// that seals uuids into tables of the same file does so beside the writer, from batches that were kept, and says
/// through <see cref="FirstBatchToReplay"/> which batches it does not hold durably and must be told again at start.
/// </para>
/// </summary>
internal interface IUuidIndex
{
    /// <summary>First batch whose uuids must be added again after opening, because the index keeps them only in memory.</summary>
    long FirstBatchToReplay { get; }

    /// <summary>Uuids in the index, provisional ones included.</summary>
    long Count { get; }

    /// <summary>Whether the uuid was counted.</summary>
    bool Contains(UInt128 uuid);

    /// <summary>Adds the uuid provisionally; false when it was there.</summary>
    bool TryAdd(UInt128 uuid);

    /// <summary>What was added since the last call is durable, in this batch.</summary>
    void Keep(long batch);

    /// <summary>What was added since the last <see cref="Keep"/> was not counted: forgets it.</summary>
    void Discard();
}
