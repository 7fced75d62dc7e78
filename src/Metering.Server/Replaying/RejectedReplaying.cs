using System.Text;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>What became of a rejected record that was judged anew.</summary>
internal enum ReplayOutcome
{
    /// <summary>Counted; of a dry run: it would be.</summary>
    Accepted,

    /// <summary>It was accepted before.</summary>
    AlreadyCounted,

    /// <summary>Rejected still.</summary>
    Rejected,

    /// <summary>Its sender may not report it any more.</summary>
    NotPermitted,
}

/// <summary>One record of a replay.</summary>
/// <param name="Record">As it was sent.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Verdict">The verdict of a record that is rejected still.</param>
/// <param name="Refusal">Why its sender may not.</param>
internal sealed record ReplayedRecord(RejectedRecord Record, ReplayOutcome Outcome, Verdict Verdict, string Refusal);

/// <summary>What is to be judged anew.</summary>
/// <param name="Question">Which records.</param>
/// <param name="After">Where the page before ended.</param>
/// <param name="IsDryRun">Only tell.</param>
/// <param name="IsAsOfReceipt">As of the moment when each was first received.</param>
/// <param name="Operator">Who decided it.</param>
/// <param name="Decision">Why.</param>
internal sealed record ReplayOrder(
    RejectedQuestion Question, ReadOnlyMemory<byte> After, bool IsDryRun, bool IsAsOfReceipt, string Operator, string Decision);

/// <summary>The outcome of a replay, or of a page of it.</summary>
/// <param name="Records">Each uuid once.</param>
/// <param name="Next">Where the next page begins; null when there is none.</param>
/// <param name="RequestId">What accepted records carry as their request; null when none was sent.</param>
/// <param name="Failure">Anything but Committed: the ledger could not be written; what was accepted before is counted.</param>
internal sealed record ReplayAnswer(IReadOnlyList<ReplayedRecord> Records, ReadOnlyMemory<byte>? Next, Guid? RequestId, LedgerAnswer Failure);

/// <summary>
/// Judges rejected records anew, with their own senders and contents, through the stages that every Write goes through. First as a
/// dry run, so that what is rejected still leaves nothing behind; then those that are acceptable are written. Each is counted once:
/// the uuid decides.
/// </summary>
internal sealed class RejectedReplaying(CatalogHolder catalog, Authorizer authorizer, Validator validator, MeteringClock clock, IMeteringStore store)
{
    private static readonly Verdict[] Reasons = [Verdict.InvalidSkuId, Verdict.InvalidProductId]; // what a catalog can put right

    /// <summary>Runs one page.</summary>
    public async Task<ReplayAnswer> RunAsync(ReplayOrder order, CancellationToken cancellationToken)
    {
        (List<ReplayCandidate> candidates, ReadOnlyMemory<byte>? next) = await FindAsync(order, cancellationToken);
        LedgerAnswer failure = await JudgeAsync(candidates, order.IsAsOfReceipt, requestId: null);
        List<ReplayCandidate> acceptable = [.. candidates.Where(candidate => candidate.Outcome == ReplayOutcome.Accepted)];
        if (order.IsDryRun || acceptable.Count == 0 || failure != LedgerAnswer.Committed)
            return new ReplayAnswer([.. candidates.Select(candidate => candidate.Answer)], next, null, failure);
        var requestId = Guid.CreateVersion7(MeteringClock.ToDateTimeOffset(clock.ReadUnixNanoseconds()));
        await store.Rejections.NoteReplayAsync(new RejectedReplay(
            requestId, clock.ReadUnixNanoseconds(), order.Operator, order.Decision, order.IsAsOfReceipt));
        failure = await JudgeAsync(acceptable, order.IsAsOfReceipt, requestId);
        return new ReplayAnswer([.. candidates.Select(candidate => candidate.Answer)], next, requestId, failure);
    }

    // Of several rejections of a uuid the last is what its sender meant; when it was received first is when the same was.
    private async Task<(List<ReplayCandidate> Candidates, ReadOnlyMemory<byte>? Next)> FindAsync(ReplayOrder order, CancellationToken cancellationToken)
    {
        var candidates = new Dictionary<string, ReplayCandidate>();
        ReadOnlyMemory<byte>? place = order.After;
        for (int examined = 0; place is { } after && candidates.Count < Limits.ReplayRecords && examined < Limits.RejectedSummaryRecords;)
        {
            RejectedPage page = await store.Rejections.SearchAsync(
                order.Question, after, Limits.ReplayRecords - candidates.Count, cancellationToken);
            foreach (RejectedRecord record in page.Records)
            {
                if (!Reasons.Contains(record.Reason) || record.IsCut)
                    continue;
                string key = RejectedText.KeyOf(record.Uuid);
                if (!candidates.TryGetValue(key, out ReplayCandidate? candidate))
                    candidates.Add(key, new ReplayCandidate(record));
                else
                    candidate.Meet(record);
            }

            examined += page.Records.Count;
            place = page.Next;
        }

        return ([.. candidates.Values], place);
    }

    private async Task<LedgerAnswer> JudgeAsync(List<ReplayCandidate> candidates, bool isAsOfReceipt, Guid? requestId)
    {
        CatalogSnapshot snapshot = catalog.Current;
        var names = new RejectionNames(snapshot, ReadScope.Everything);
        var sent = new List<(ReplayCandidate[] Candidates, UsageWrite Write, Task<LedgerAnswer> Answer)>();
        foreach (var request in candidates.GroupBy(candidate => (candidate.Record.AccountKey, candidate.Record.Kind, candidate.Record.Target, candidate.Record.OwnerKey)))
        {
            AccountEntry? account = snapshot.FindAccount(names.AccountOf(request.Key.AccountKey));
            foreach (ReplayCandidate[] some in request.Chunk(Limits.RecordsPerWrite))
            {
                UsageWrite write = ReplayWrite.Make(some, requestId);
                if (Refuse(write, account, request.Key.OwnerKey, snapshot) is { } refusal)
                {
                    Array.ForEach(some, candidate => candidate.Refuse(refusal));
                    continue;
                }

                long[] moments = isAsOfReceipt ? [.. some.Select(candidate => candidate.FirstReceivedUnixNanoseconds)] : [];
                if (validator.Validate(write, snapshot, moments) is { } malformed)
                    Array.ForEach(some, candidate => candidate.Refuse(malformed.Message));
                else
                    sent.Add((some, write, store.Ledger.WriteAsync(write).AsTask()));
            }
        }

        LedgerAnswer failure = LedgerAnswer.Committed;
        foreach ((ReplayCandidate[] some, UsageWrite write, Task<LedgerAnswer> answering) in sent)
        {
            LedgerAnswer answer = await answering;
            if (answer != LedgerAnswer.Committed)
                failure = answer;
            for (int place = 0; place < some.Length; place++)
                some[place].Judge(answer == LedgerAnswer.Committed ? write.Records[place].Verdict : some[place].Record.Reason);
        }

        return failure;
    }

    private string? Refuse(UsageWrite write, AccountEntry? account, int ownerKey, CatalogSnapshot snapshot) =>
        account is null ? "The service account that sent it is gone."
        : authorizer.Authorize(write, account, snapshot) is { } refusal ? refusal.Message
        : write.OwnerKey != ownerKey ? "It would be counted to somebody else than when it was sent."
        : null;
}

/// <summary>A rejected record that may be acceptable now.</summary>
internal sealed class ReplayCandidate(RejectedRecord record)
{
    private Verdict _verdict;
    private string _refusal = string.Empty;

    /// <summary>As it was sent last.</summary>
    public RejectedRecord Record => record;

    /// <summary>When the same was received first.</summary>
    public long FirstReceivedUnixNanoseconds { get; private set; } = record.ReceivedUnixNanoseconds;

    /// <summary>What became of it.</summary>
    public ReplayOutcome Outcome { get; private set; }

    /// <summary>The record with its outcome.</summary>
    public ReplayedRecord Answer => new(record, Outcome, _verdict, _refusal);

    /// <summary>An earlier rejection of the same uuid.</summary>
    public void Meet(RejectedRecord earlier)
    {
        bool isSame = earlier with
        {
            Uuid = record.Uuid, Reason = record.Reason, ReceivedUnixNanoseconds = record.ReceivedUnixNanoseconds,
            RequestId = record.RequestId, Place = record.Place,
        } == record;
        if (isSame)
            FirstReceivedUnixNanoseconds = Math.Min(FirstReceivedUnixNanoseconds, earlier.ReceivedUnixNanoseconds);
    }

    /// <summary>Its sender may not.</summary>
    public void Refuse(string why) => (Outcome, _refusal) = (ReplayOutcome.NotPermitted, why);

    /// <summary>It was judged.</summary>
    public void Judge(Verdict verdict) => (Outcome, _verdict) = (
        verdict switch
        {
            Verdict.Accepted => ReplayOutcome.Accepted,
            Verdict.Duplicate => ReplayOutcome.AlreadyCounted,
            _ => ReplayOutcome.Rejected,
        },
        verdict);
}

/// <summary>A Write like the one that was sent.</summary>
internal static class ReplayWrite
{
    /// <summary>Makes it: a dry run when it has no request id.</summary>
    public static UsageWrite Make(ReplayCandidate[] candidates, Guid? requestId)
    {
        RejectedRecord first = candidates[0].Record;
        var text = new List<byte>();
        var write = new UsageWrite { Kind = first.Kind, DryRun = requestId is null, RequestId = requestId ?? Guid.Empty };
        write.TargetText = Put(first.Target, text);
        foreach (ReplayCandidate candidate in candidates)
        {
            RejectedRecord sent = candidate.Record;
            ref UsageRecord record = ref write.AddRecord();
            record.UuidText = Put(sent.Uuid, text);
            record.SkuText = Put(sent.SkuId, text);
            record.Quantity = sent.Quantity;
            record.HasTimestamp = sent.HasTimestamp;
            record.TimestampSeconds = sent.TimestampSeconds;
            record.TimestampNanoseconds = sent.TimestampNanoseconds;
        }

        write.Payload = [.. text];
        return write;
    }

    private static TextSlice Put(string value, List<byte> text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(value);
        text.AddRange(utf8);
        return new TextSlice(text.Count - utf8.Length, utf8.Length);
    }
}
