namespace Metering.Ledger.TestKit;

/// <summary>Rejected records in a list: too plain to be wrong.</summary>
public sealed class RejectionsModel
{
    private readonly List<RejectedRecord> _kept = [];

    public IReadOnlyList<RejectedRecord> Kept => _kept;

    /// <summary>Keeps what was sent and rejected.</summary>
    public void Add(UsageWrite write, IReadOnlyList<RejectedSpec> specs, string target)
    {
        for (int place = 0; place < specs.Count; place++)
        {
            Verdict verdict = write.Records[place].Verdict;
            if (verdict is Verdict.Accepted or Verdict.Duplicate || write.DryRun)
                continue;
            RejectedSpec spec = specs[place];
            _kept.Add(new RejectedRecord
            {
                Uuid = spec.Uuid,
                SkuId = spec.Sku,
                Kind = write.Kind,
                Target = target,
                OwnerKey = write.OwnerKey,
                AccountKey = write.AccountKey,
                Quantity = spec.Quantity,
                HasTimestamp = spec.Timestamp is not null,
                TimestampSeconds = spec.Timestamp?.Seconds ?? 0,
                TimestampNanoseconds = spec.Timestamp?.Nanoseconds ?? 0,
                Reason = verdict,
                ReceivedUnixNanoseconds = write.ReceivedUnixNanoseconds,
                RequestId = write.RequestId,
                Place = place,
            });
        }
    }

    /// <summary>Keeps a conflict.</summary>
    public void Add(RejectedRecord conflict) => _kept.Add(conflict);

    /// <summary>Newest first; within a request, which has one moment, in any order: here by place.</summary>
    public static List<RejectedRecord> Sorted(IEnumerable<RejectedRecord> records) =>
        [.. records.OrderByDescending(record => record.ReceivedUnixNanoseconds).ThenBy(record => record.RequestId).ThenBy(record => record.Place)];
}
