using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// Proves that a ledger that was moved is the same in both places: every record of the source is looked up in the target and
/// all of it compared; that there are no others follows from their number; the target's totals are the sums of its records, by
/// its own count, and each of them is the source's, to the last digit; rejections, catalog and credentials likewise.
/// </summary>
internal sealed class LedgerComparison(ILedgerSource source, ILedgerTarget target, int chunkRecords, IProgress<MoveProgress> progress)
{
    private const int DifferencesListed = 100;
    private const int LookedUpAtOnce = 10_000;

    private readonly List<string> _differences = [];

    /// <summary>Each difference in words, the first of them; empty when there is none.</summary>
    public IReadOnlyList<string> Differences => _differences;

    /// <summary>Totals of the source.</summary>
    public long Totals { get; private set; }

    /// <summary>Counts of rejected records of the source.</summary>
    public long Rejections { get; private set; }

    /// <summary>Rejected records of the source.</summary>
    public long RejectedRecords { get; private set; }

    /// <summary>Compares everything.</summary>
    /// <param name="belongings">The source's belongings, with its admin token.</param>
    /// <param name="total">The source's records.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    /// <exception cref="StoreException">A side cannot be read.</exception>
    public async Task RunAsync(LedgerBelongings belongings, long total, CancellationToken cancellationToken)
    {
        long records = await CompareRecordsAsync(total, cancellationToken);
        progress.Report(new MoveProgress(MovePhase.Proving, total, total));
        Totals = await CompareAsync(
            source.ReadTotalsAsync(cancellationToken), target.ReadTotalsAsync(cancellationToken), row => (row.OwnerKey, row.SkuKey, row.Hour),
            row => $"The total of owner {row.OwnerKey}, SKU {row.SkuKey}, hour {row.Hour}", row => $"{row.Quantity} in {row.Records} records");
        Rejections = await CompareAsync(
            source.ReadRejectionsAsync(cancellationToken), target.ReadRejectionsAsync(cancellationToken), row => (row.OwnerKey, (int)row.Reason, row.Hour),
            row => $"The rejections of owner {row.OwnerKey}, {row.Reason}, hour {row.Hour}", row => $"{row.Records}");
        RejectedRecords = await new RejectedComparison(Tell).CompareAsync(
            source.ReadRejectedAsync(cancellationToken), target.ReadRejectedAsync(cancellationToken));
        new BelongingsComparison(Tell).Compare(belongings, await target.ReadBelongingsAsync(cancellationToken));
        LedgerVerification proof = await target.VerifyAsync(cancellationToken);
        if (proof.Records != records)
            Tell($"The source has {records} records, the target {proof.Records}.");
        foreach (string difference in proof.Differences)
            Tell(difference);
    }

    private async Task<long> CompareRecordsAsync(long total, CancellationToken cancellationToken)
    {
        progress.Report(new MoveProgress(MovePhase.Comparing, 0, total));
        long compared = 0;
        using IRecordBatches batches = source.ReadBatches(after: 0);
        await foreach (RecordChunk chunk in new RecordChunks(batches, chunkRecords).ReadAsync())
        {
            for (int first = 0; first < chunk.Records.Count; first += LookedUpAtOnce)
            {
                List<CountedRecord> some = chunk.Records.GetRange(first, Math.Min(LookedUpAtOnce, chunk.Records.Count - first));
                await CompareAsync(some, cancellationToken);
                compared += some.Count;
                progress.Report(new MoveProgress(MovePhase.Comparing, compared, total));
            }
        }

        return compared;
    }

    private async Task CompareAsync(List<CountedRecord> records, CancellationToken cancellationToken)
    {
        IReadOnlyList<CountedRecord> rows = await target.FindAsync([.. records.Select(record => record.Uuid)], cancellationToken);
        Dictionary<UInt128, CountedRecord> found = rows.ToDictionary(record => record.Uuid);
        foreach (CountedRecord record in records)
        {
            if (!found.TryGetValue(record.Uuid, out CountedRecord other))
                Tell($"The record {RecordUuid.Format(record.Uuid)} is not in the target.");
            else if (other != record)
                Tell($"The record {RecordUuid.Format(record.Uuid)} is another in the target: {Describe(record)} became {Describe(other)}.");
        }
    }

    // Both sides come sorted by the same key.
    private async Task<long> CompareAsync<T>(
        IAsyncEnumerable<T> ours, IAsyncEnumerable<T> theirs, Func<T, (int, int, long)> key, Func<T, string> name, Func<T, string> value)
        where T : struct, IEquatable<T>
    {
        long count = 0;
        await using IAsyncEnumerator<T> our = ours.GetAsyncEnumerator(), their = theirs.GetAsyncEnumerator();
        bool isOurs = await our.MoveNextAsync(), isTheirs = await their.MoveNextAsync();
        while (isOurs || isTheirs)
        {
            int order = !isOurs ? 1 : !isTheirs ? -1 : key(our.Current).CompareTo(key(their.Current));
            if (order < 0)
                Tell($"{name(our.Current)} is {value(our.Current)} in the source and missing in the target.");
            else if (order > 0)
                Tell($"{name(their.Current)} is {value(their.Current)} in the target and missing in the source.");
            else if (!our.Current.Equals(their.Current))
                Tell($"{name(our.Current)} is {value(our.Current)} in the source and {value(their.Current)} in the target.");
            if (order <= 0)
            {
                count++;
                isOurs = await our.MoveNextAsync();
            }

            if (order >= 0)
                isTheirs = await their.MoveNextAsync();
        }

        return count;
    }

    private static string Describe(CountedRecord record) =>
        $"{record.Quantity} of SKU {record.SkuKey} by owner {record.OwnerKey} at {record.TimestampUnixNanoseconds} ns, accepted at "
        + $"{record.AcceptedUnixNanoseconds} ns from account {record.AccountKey} in request {record.RequestId}";

    private void Tell(string difference)
    {
        if (_differences.Count < DifferencesListed)
            _differences.Add(difference);
    }
}
