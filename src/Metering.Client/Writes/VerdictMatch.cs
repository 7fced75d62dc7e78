using Yandex.Cloud.Marketplace.Metering.V1;
using Reason = Yandex.Cloud.Marketplace.Metering.V1.RejectedUsageRecord.Types.Reason;

namespace Metering.Client;

/// <summary>Gives each record of a request its verdict from the answer's two lists.</summary>
internal static class VerdictMatch
{
    /// <summary>Matches by uuid, as it was spelled in the request.</summary>
    /// <param name="records">The request's records.</param>
    /// <param name="accepted">The answer's accepted uuids.</param>
    /// <param name="rejected">The answer's rejected uuids with their reasons.</param>
    /// <param name="mayRepeat">An earlier attempt may have counted the records, so that DUPLICATE can be its echo.</param>
    /// <exception cref="MeteringException">The answer does not have exactly one verdict for each record.</exception>
    public static RecordVerdict[] Match(
        IReadOnlyList<UsageRecord> records, IReadOnlyCollection<AcceptedUsageRecord> accepted,
        IReadOnlyCollection<RejectedUsageRecord> rejected, bool mayRepeat)
    {
        if (accepted.Count + rejected.Count != records.Count)
            throw Contradiction($"it has {accepted.Count + rejected.Count} verdicts on {records.Count} records");

        // When a uuid is there twice, the lists do not tell which verdict is whose. But once it is counted, whatever
        // follows is a DUPLICATE before its time or quantity is looked at: such rejections came before.
        var verdicts = new Dictionary<string, List<Reason?>>(records.Count);
        foreach (RejectedUsageRecord record in rejected)
            VerdictsOf(verdicts, record.Uuid).Add(record.Reason);
        foreach (AcceptedUsageRecord record in accepted)
        {
            List<Reason?> others = VerdictsOf(verdicts, record.Uuid);
            others.Insert(others.FindLastIndex(ComesBeforeAcceptance) + 1, null);
        }

        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var matched = new RecordVerdict[records.Count];
        for (int index = 0; index < matched.Length; index++)
        {
            UsageRecord record = records[index];
            if (!verdicts.TryGetValue(record.Uuid, out List<Reason?>? left) || left.Count == 0)
                throw Contradiction($"it has no verdict on the record {record.Uuid}");
            Reason? reason = left[0];
            left.RemoveAt(0);
            // The second record with one uuid is a duplicate in every attempt, not an echo.
            bool isEcho = reason == Reason.Duplicate && mayRepeat && !seen.Contains(record.Uuid);
            matched[index] = new RecordVerdict(
                record, reason is null ? WriteOutcome.Accepted : isEcho ? WriteOutcome.DeliveredByRetry : WriteOutcome.Rejected,
                isEcho ? default : reason ?? default);
            seen.Add(record.Uuid);
        }

        return matched;
    }

    private static bool ComesBeforeAcceptance(Reason? reason) =>
        reason is Reason.Expired or Reason.InvalidTimestamp or Reason.InvalidQuantity;

    private static List<Reason?> VerdictsOf(Dictionary<string, List<Reason?>> verdicts, string uuid)
    {
        if (!verdicts.TryGetValue(uuid, out List<Reason?>? found))
            verdicts.Add(uuid, found = []);
        return found;
    }

    private static MeteringException Contradiction(string what) =>
        new(GrpcStatusCode.Internal, $"The server's answer does not fit the request: {what}.") { OutcomeIsUnknown = true };
}
