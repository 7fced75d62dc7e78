namespace Metering.Ledger;

/// <summary>
/// The rejected records, kept as they were sent: with the transaction that counts them, for as long and as many as the store's
/// options say (<see cref="RejectedKeeping"/>). Not kept are dry runs, and duplicates that differ in nothing from the record that
/// was counted. Reading never waits for writing, nor writing for reading.
/// </summary>
public interface IRejectedRecords
{
    /// <summary>Those that a question asks for, newest first.</summary>
    /// <param name="question">The question.</param>
    /// <param name="after">Where the page before ended; empty for the newest.</param>
    /// <param name="recordsMaximum">At most so many; there may be fewer, even none, although there are more to come.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="UnknownCursorException">No page ended there.</exception>
    Task<RejectedPage> SearchAsync(RejectedQuestion question, ReadOnlyMemory<byte> after, int recordsMaximum, CancellationToken cancellationToken);

    /// <summary>
    /// Those with one of the uuids, newest first, at most <see cref="Limits.RejectionsPerUuid"/> of each. Two spellings of one UUID are one.
    /// </summary>
    /// <param name="uuids">At most <see cref="Limits.LookUpUuids"/>, as they were sent.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>By <see cref="RejectedText.KeyOf"/> of the uuid.</returns>
    Task<IReadOnlyDictionary<string, IReadOnlyList<RejectedRecord>>> FindAsync(IReadOnlyCollection<string> uuids, CancellationToken cancellationToken);

    /// <summary>Keeps duplicates that were found to differ from what was counted; durable when the task ends.</summary>
    Task KeepAsync(IReadOnlyList<RejectedRecord> conflicts);

    /// <summary>How much is kept, and what was dropped.</summary>
    Task<RejectedFigures> ReadFiguresAsync(CancellationToken cancellationToken);

    /// <summary>Drops a little of what is kept too long or too much. Any node may do it, at any time.</summary>
    /// <param name="nowUnixNanoseconds">The time, in nanoseconds since 1970-01-01T00:00:00Z.</param>
    /// <param name="cancellationToken">Gives up before the transaction starts, never within.</param>
    /// <returns>Whether there may be more to drop.</returns>
    Task<bool> DropAsync(long nowUnixNanoseconds, CancellationToken cancellationToken);

    /// <summary>Keeps, for ever, that somebody has rejected records judged anew; durable when the task ends.</summary>
    Task NoteReplayAsync(RejectedReplay replay);

    /// <summary>Every replay, newest first.</summary>
    Task<IReadOnlyList<RejectedReplay>> ReadReplaysAsync(CancellationToken cancellationToken);
}

/// <summary>How long rejected records are kept, and how many.</summary>
/// <param name="Age">Older ones are dropped.</param>
/// <param name="BytesMaximum">When they take more, the oldest are dropped. The least is <see cref="Limits.RejectedBytesMinimum"/>.</param>
public sealed record RejectedKeeping(TimeSpan Age, long BytesMaximum)
{
    /// <summary>Unless configured otherwise.</summary>
    public static readonly RejectedKeeping Default = new(Limits.RejectedAge, Limits.RejectedBytes);
}

/// <summary>Which rejected records are meant. What is null lets everything pass.</summary>
public sealed record RejectedQuestion
{
    /// <summary>Everything.</summary>
    public static readonly RejectedQuestion All = new();

    /// <summary>Whose they are, for a caller who may not see all of them.</summary>
    public RejectedScope? Scope { get; init; }

    /// <summary>To whom they would have been counted.</summary>
    public IReadOnlySet<int>? OwnerKeys { get; init; }

    /// <summary>The SKU's id, as it was sent.</summary>
    public string? SkuId { get; init; }

    /// <summary>Why.</summary>
    public Verdict? Reason { get; init; }

    /// <summary>Received at this moment or later.</summary>
    public long FromUnixNanoseconds { get; init; } = long.MinValue;

    /// <summary>Received before this moment.</summary>
    public long ToUnixNanoseconds { get; init; } = long.MaxValue;

    /// <summary>Whether a record is meant.</summary>
    public bool Asks(RejectedRecord record) =>
        record.ReceivedUnixNanoseconds >= FromUnixNanoseconds && record.ReceivedUnixNanoseconds < ToUnixNanoseconds
        && (Reason is not { } reason || record.Reason == reason)
        && (OwnerKeys is not { } owners || owners.Contains(record.OwnerKey))
        && (SkuId is not { } sku || string.Equals(record.SkuId, sku, StringComparison.Ordinal))
        && (Scope is not { } scope || scope.Covers(record));
}

/// <summary>Whose rejected records somebody may see: those of some owners, and those sent for some image products.</summary>
/// <param name="OwnerKeys">Product instances and customers.</param>
/// <param name="ImageProducts">Ids of image products; null for none.</param>
public sealed record RejectedScope(IReadOnlySet<int> OwnerKeys, IReadOnlySet<string>? ImageProducts = null)
{
    /// <summary>Whether a record is among them.</summary>
    public bool Covers(RejectedRecord record) =>
        OwnerKeys.Contains(record.OwnerKey)
        || (record.Kind == UsageKind.Image && ImageProducts is not null && ImageProducts.Contains(record.Target));
}

/// <summary>Some rejected records, newest first.</summary>
/// <param name="Records">The records.</param>
/// <param name="Next">Where the next page begins; null when there is none.</param>
public sealed record RejectedPage(IReadOnlyList<RejectedRecord> Records, ReadOnlyMemory<byte>? Next);

/// <summary>How much is kept.</summary>
/// <param name="Records">Rejected records that are kept.</param>
/// <param name="Bytes">What they take, as the store counts it.</param>
/// <param name="DroppedRecords">Records that were kept once and were dropped since, for their age or their number.</param>
/// <param name="OldestUnixNanoseconds">When the oldest that is kept was received; null when there is none.</param>
public sealed record RejectedFigures(long Records, long Bytes, long DroppedRecords, long? OldestUnixNanoseconds);

/// <summary>That somebody had rejected records judged anew.</summary>
/// <param name="RequestId">What the records that were accepted so carry as their request.</param>
/// <param name="StartedUnixNanoseconds">When, in nanoseconds since 1970-01-01T00:00:00Z.</param>
/// <param name="Operator">Who decided it.</param>
/// <param name="Reason">Why.</param>
/// <param name="IsAsOfReceipt">Whether records were judged as of the moment when they were first received.</param>
public sealed record RejectedReplay(Guid RequestId, long StartedUnixNanoseconds, string Operator, string Reason, bool IsAsOfReceipt);
