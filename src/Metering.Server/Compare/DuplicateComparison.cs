using System.Diagnostics.Metrics;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>A record that was answered DUPLICATE although it differs from the one that was counted.</summary>
/// <param name="Place">Its place in the request.</param>
/// <param name="Differences">In what.</param>
/// <param name="Counted">What was counted.</param>
public readonly record struct DuplicateDifference(int Place, RecordDifferences Differences, CountedRecord Counted);

/// <summary>
/// Compares duplicates with what was counted. The requests that wait are compared together, and those that differ are kept together;
/// both take a bounded share of the time, so that whoever replays a day of usage slows nobody down: beyond a few that wait, duplicates
/// are answered without being compared, and counted.
/// </summary>
public sealed class DuplicateComparison(IRecordReader records, IRejectedRecords rejections, TimeProvider time) : IAsyncDisposable
{
    private const int RestFactor = 3; // of the time that a round took

    private readonly Lock _queueing = new();
    private readonly Queue<Job> _waiting = [];
    private readonly Meter _meter = new("Metering.Server");
    private Counter<long>? _counter;
    private bool _isRunning;
    private long _restUntil; // of the time provider's timestamps
    private long _notCompared;

    /// <summary>Duplicates that were not compared since the start.</summary>
    public long NotCompared => Volatile.Read(ref _notCompared);

    /// <summary>Whether there is anything to compare in a judged request.</summary>
    public static bool IsNeeded(UsageWrite write)
    {
        if (write.DryRun)
            return false;
        foreach (ref readonly UsageRecord record in write.Records)
        {
            if (record.Verdict == Verdict.Duplicate)
                return true;
        }

        return false;
    }

    /// <summary>Those duplicates of a judged request that differ from what was counted; they are kept by then. Never fails.</summary>
    public ValueTask<IReadOnlyList<DuplicateDifference>> CompareAsync(UsageWrite write)
    {
        var job = new Job(write);
        lock (_queueing)
        {
            if (_waiting.Count >= Limits.ComparisonsWaiting)
            {
                Skip(job.Uuids.Count);
                return new([]);
            }

            _waiting.Enqueue(job);
            if (!_isRunning)
            {
                _isRunning = true;
                ThreadPool.UnsafeQueueUserWorkItem(static comparison => _ = comparison.RunAsync(), this, preferLocal: false);
            }
        }

        return new(job.Result);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _meter.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task RunAsync()
    {
        while (TakeRound() is { Count: > 0 } round)
        {
            TimeSpan rest = time.GetElapsedTime(time.GetTimestamp(), Volatile.Read(ref _restUntil)) - Limits.ComparisonBurst;
            if (rest > TimeSpan.Zero)
                await Task.Delay(rest, time);
            long startedAt = time.GetTimestamp();
            await CompareAsync(round);
            long endedAt = time.GetTimestamp();
            _restUntil = Math.Max(_restUntil, startedAt) + ((endedAt - startedAt) * (1 + RestFactor));
        }
    }

    // As many requests as one look-up takes; the end of the round of rounds when there are none.
    private List<Job> TakeRound()
    {
        var round = new List<Job>();
        int uuids = 0;
        lock (_queueing)
        {
            while (_waiting.TryPeek(out Job? next) && uuids + next.Uuids.Count <= Limits.LookUpUuids)
            {
                round.Add(_waiting.Dequeue());
                uuids += next.Uuids.Count;
            }

            _isRunning = round.Count > 0;
        }

        return round;
    }

    private async Task CompareAsync(List<Job> round)
    {
        try
        {
            HashSet<UInt128> uuids = [.. round.SelectMany(job => job.Uuids)];
            IReadOnlyDictionary<UInt128, CountedRecord> counted = await records.FindAsync(uuids, CancellationToken.None);
            Skip(round.Sum(job => job.Compare(counted)));
            RejectedRecord[] conflicts = [.. round.SelectMany(job => job.Rejections())];
            if (conflicts.Length > 0)
                await rejections.KeepAsync(conflicts);
        }
        catch (Exception)
        {
            // The records were counted all the same, long before, and that is what the sender asked. The store itself tells of an outage.
            Skip(round.Sum(job => job.Uuids.Count));
        }

        foreach (Job job in round)
            job.Finish();
    }

    private void Skip(int duplicates)
    {
        if (duplicates == 0)
            return;
        Interlocked.Add(ref _notCompared, duplicates);
        LazyInitializer.EnsureInitialized(ref _counter, () => _meter.CreateCounter<long>(
            "metering.duplicates.not_compared", "{record}", "Duplicates that were answered without being compared: too many came at once."));
        _counter.Add(duplicates);
    }

    /// <summary>The duplicates of one request, which waits until they were compared.</summary>
    private sealed class Job
    {
        private readonly UsageWrite _write;
        private readonly TaskCompletionSource<IReadOnlyList<DuplicateDifference>> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly List<DuplicateDifference> _differences = [];

        public Job(UsageWrite write)
        {
            _write = write;
            foreach (ref readonly UsageRecord record in write.Records)
            {
                if (record.Verdict == Verdict.Duplicate)
                    Uuids.Add(record.Uuid);
            }
        }

        public List<UInt128> Uuids { get; } = [];

        public Task<IReadOnlyList<DuplicateDifference>> Result => _done.Task;

        /// <summary>Compares; how many could not be, because what was counted is not at hand.</summary>
        public int Compare(IReadOnlyDictionary<UInt128, CountedRecord> counted)
        {
            int missing = 0;
            Span<UsageRecord> sent = _write.Records;
            for (int place = 0; place < sent.Length; place++)
            {
                if (sent[place].Verdict != Verdict.Duplicate)
                    continue;
                if (!counted.TryGetValue(sent[place].Uuid, out CountedRecord record) || record.IsAway)
                    missing++;
                else if (DifferencesOf(sent[place], record) is var differences and not RecordDifferences.None)
                    _differences.Add(new DuplicateDifference(place, differences, record));
            }

            return missing;
        }

        public IEnumerable<RejectedRecord> Rejections() =>
            _differences.Select(difference => RejectedRecord.Of(_write, difference.Place, difference.Differences));

        public void Finish() => _done.SetResult(_differences);

        private RecordDifferences DifferencesOf(in UsageRecord sent, in CountedRecord counted)
        {
            (long seconds, long nanoseconds) = Math.DivRem(counted.TimestampUnixNanoseconds, 1_000_000_000);
            if (nanoseconds < 0)
                (seconds, nanoseconds) = (seconds - 1, nanoseconds + 1_000_000_000);
            bool isSameTime = sent.HasTimestamp && sent.TimestampSeconds == seconds && sent.TimestampNanoseconds == nanoseconds;
            const RecordDifferences None = RecordDifferences.None;
            return (sent.SkuKey == counted.SkuKey ? None : RecordDifferences.Sku)
                | (_write.OwnerKey == counted.OwnerKey ? None : RecordDifferences.Owner)
                | (sent.Quantity == counted.Quantity ? None : RecordDifferences.Quantity)
                | (isSameTime ? None : RecordDifferences.Timestamp);
        }
    }
}
