using Yandex.Cloud.Marketplace.Metering.V1;

namespace Metering.Client;

/// <summary>What became of a record that was to be written.</summary>
public enum WriteOutcome
{
    /// <summary>Counted; or, in a dry run, it would be.</summary>
    Accepted,

    /// <summary>
    /// Counted by an earlier attempt at this same request, whose answer was lost: the server called the repetition a
    /// DUPLICATE. As good as <see cref="Accepted"/>.
    /// </summary>
    DeliveredByRetry,

    /// <summary>Not counted: <see cref="RecordVerdict.Reason"/> says why.</summary>
    Rejected,

    /// <summary>No verdict: the request that carried it failed. Send it again with the same uuid; it is never counted twice.</summary>
    Failed,
}

/// <summary>A record and what became of it.</summary>
/// <param name="Record">The record, as it was handed in.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Reason">Why, when it was rejected; else REASON_UNSPECIFIED.</param>
public readonly record struct RecordVerdict(UsageRecord Record, WriteOutcome Outcome, RejectedUsageRecord.Types.Reason Reason);

/// <summary>Verdicts so far, counted.</summary>
/// <param name="Accepted">Counted.</param>
/// <param name="DeliveredByRetry">Counted by an attempt whose answer was lost.</param>
/// <param name="Rejected">Refused, each with a reason.</param>
/// <param name="Failed">Without a verdict.</param>
public readonly record struct WriteProgress(long Accepted, long DeliveredByRetry, long Rejected, long Failed)
{
    /// <summary>Records that were handed in and went out.</summary>
    public long Total => Accepted + DeliveredByRetry + Rejected + Failed;

    /// <summary>The same with one more verdict.</summary>
    public WriteProgress Add(WriteOutcome outcome) => outcome switch
    {
        WriteOutcome.Accepted => this with { Accepted = Accepted + 1 },
        WriteOutcome.DeliveredByRetry => this with { DeliveredByRetry = DeliveredByRetry + 1 },
        WriteOutcome.Rejected => this with { Rejected = Rejected + 1 },
        _ => this with { Failed = Failed + 1 },
    };
}

/// <summary>The verdicts on a list of records.</summary>
/// <param name="Verdicts">One for each record that was handed in, in the same order, unless a request failed.</param>
/// <param name="Counts">The verdicts, counted.</param>
/// <param name="Failure">Why a request failed; records after it were not sent. Null: every record has its verdict.</param>
public sealed record WriteResult(IReadOnlyList<RecordVerdict> Verdicts, WriteProgress Counts, MeteringException? Failure)
{
    /// <summary>Whether every record is counted (or, in a dry run, would be).</summary>
    public bool IsComplete => Failure is null && Counts.Rejected == 0 && Counts.Failed == 0;
}
