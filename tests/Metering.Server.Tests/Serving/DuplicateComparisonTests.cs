using Metering.Ledger;

namespace Metering.Server.Tests;

/// <summary>Comparing duplicates: exact, and never more of it than the server can spare.</summary>
public class DuplicateComparisonTests
{
    private const int Owner = 1;
    private const int Sku = 2;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Beyond_those_that_may_wait_duplicates_are_answered_at_once_and_counted()
    {
        var records = new HeldRecords();
        await using var comparison = new DuplicateComparison(records, new KeptRejections(), TimeProvider.System);
        Task<IReadOnlyList<DuplicateDifference>> first = comparison.CompareAsync(Duplicate(1)).AsTask();
        await records.Asked.Task.WaitAsync(Stop); // it is being compared; from here on the others wait
        var waiting = new List<Task<IReadOnlyList<DuplicateDifference>>>();
        for (int request = 0; request < Limits.ComparisonsWaiting; request++)
            waiting.Add(comparison.CompareAsync(Duplicate(2 + request, quantity: 9)).AsTask());
        Assert.Equal(0, comparison.NotCompared);

        ValueTask<IReadOnlyList<DuplicateDifference>> beyond = comparison.CompareAsync(Duplicate(99, quantity: 9));
        Assert.True(beyond.IsCompleted);
        Assert.Empty(await beyond);
        Assert.Equal(1, comparison.NotCompared);

        records.Release();
        Assert.Empty(await first);
        foreach (Task<IReadOnlyList<DuplicateDifference>> one in waiting)
            Assert.Equal(RecordDifferences.Quantity, Assert.Single(await one).Differences);
        Assert.InRange(records.Calls, 2, 3); // those that waited went together
    }

    [Fact]
    public async Task After_a_burst_comparing_rests_longer_than_it_took()
    {
        var time = new SteppedTime();
        var records = new HeldRecords { OnFind = () => time.Pass(Limits.ComparisonBurst) };
        records.Release();
        await using var comparison = new DuplicateComparison(records, new KeptRejections(), time);
        await comparison.CompareAsync(Duplicate(1));
        Task<IReadOnlyList<DuplicateDifference>> second = comparison.CompareAsync(Duplicate(2, quantity: 9)).AsTask();
        Assert.Equal(2 * Limits.ComparisonBurst, await time.Delayed.Task.WaitAsync(Stop)); // it took one burst, rests three, and one of them is allowed
        Assert.Equal(1, records.Calls);
        time.Ring();
        Assert.Single(await second);
    }

    [Fact]
    public async Task A_store_that_fails_spoils_no_answer()
    {
        var records = new HeldRecords { OnFind = () => throw new StoreException("away") { IsOutage = true } };
        records.Release();
        await using var comparison = new DuplicateComparison(records, new KeptRejections(), TimeProvider.System);
        Assert.Empty(await comparison.CompareAsync(Duplicate(1, quantity: 9)));
        Assert.Equal(1, comparison.NotCompared);
    }

    [Fact]
    public async Task What_differs_is_kept_before_it_is_answered_and_what_is_not_at_hand_is_counted()
    {
        var kept = new KeptRejections();
        var records = new HeldRecords();
        records.Release();
        await using var comparison = new DuplicateComparison(records, kept, TimeProvider.System);
        Assert.Single(await comparison.CompareAsync(Duplicate(1, quantity: 9)));
        Assert.Equal((9, RecordDifferences.Quantity), (Assert.Single(kept.Records).Quantity, kept.Records[0].Differences));
        Assert.Empty(await comparison.CompareAsync(Duplicate(HeldRecords.Away, quantity: 9)));
        Assert.Equal(1, comparison.NotCompared);
    }

    private static UsageWrite Duplicate(int uuid, long quantity = 1)
    {
        var write = new UsageWrite { OwnerKey = Owner };
        ref UsageRecord record = ref write.AddRecord();
        (record.Uuid, record.SkuKey, record.Quantity, record.HasTimestamp, record.Verdict) = ((UInt128)uuid, Sku, quantity, true, Verdict.Duplicate);
        return write;
    }

    /// <summary>Knows a record of quantity 1 for each uuid; answers when it is released.</summary>
    private sealed class HeldRecords : IRecordReader
    {
        public const int Away = 77;

        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _calls;

        public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Action OnFind { get; init; } = () => { };

        public int Calls => Volatile.Read(ref _calls);

        public void Release() => _released.SetResult();

        public async Task<IReadOnlyDictionary<UInt128, CountedRecord>> FindAsync(IReadOnlyCollection<UInt128> uuids, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _calls);
            Asked.TrySetResult();
            await _released.Task;
            OnFind();
            return uuids.Where(uuid => uuid != Away).ToDictionary(uuid => uuid, uuid => new CountedRecord(uuid, Owner, Sku, 1, 0, 0, 0, new Guid(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)));
        }

        public Task<RecordPage> ReadAsync(LedgerCursor after, int recordsMaximum, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task WaitAsync(LedgerCursor after, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<LedgerCursor> EndAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<LedgerCursor> SeekAsync(long acceptedUnixNanoseconds, CancellationToken cancellationToken) => throw new NotSupportedException();
    }

    private sealed class KeptRejections : IRejectedRecords
    {
        public List<RejectedRecord> Records { get; } = [];

        public Task KeepAsync(IReadOnlyList<RejectedRecord> conflicts)
        {
            Records.AddRange(conflicts);
            return Task.CompletedTask;
        }

        public Task<RejectedPage> SearchAsync(RejectedQuestion question, ReadOnlyMemory<byte> after, int recordsMaximum, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<IReadOnlyDictionary<string, IReadOnlyList<RejectedRecord>>> FindAsync(IReadOnlyCollection<string> uuids, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<RejectedFigures> ReadFiguresAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<bool> DropAsync(long nowUnixNanoseconds, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task NoteReplayAsync(RejectedReplay replay) => throw new NotSupportedException();

        public Task<IReadOnlyList<RejectedReplay>> ReadReplaysAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
    }

    /// <summary>A clock that passes when it is told to, with one timer that rings when it is told to.</summary>
    private sealed class SteppedTime : TimeProvider
    {
        private long _ticks = 1;
        private Action? _ring;

        public TaskCompletionSource<TimeSpan> Delayed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Pass(TimeSpan time) => Interlocked.Add(ref _ticks, time.Ticks);

        public void Ring() => _ring!();

        public override long GetTimestamp() => Interlocked.Read(ref _ticks);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _ring = () => callback(state);
            Delayed.TrySetResult(dueTime);
            return new Timer();
        }

        private sealed class Timer : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
