namespace Metering.Ledger.Postgres.Tests;

/// <summary>The process ends here: nobody catches it.</summary>
internal sealed class DeathException : Exception;

/// <summary>A target that is there for so many steps: then the one who moves dies, just before the step or just after it.</summary>
internal sealed class MortalTarget(ILedgerTarget inner, int stepsLeft, bool diesAfter) : ILedgerTarget
{
    private int _stepsLeft = stepsLeft;

    /// <summary>Told after the ledger was furnished, before anything is compared.</summary>
    public Func<Task> Furnished { get; init; } = () => Task.CompletedTask;

    public string Place => inner.Place;

    public async Task<MoveMark> BeginAsync(Guid ledger, CancellationToken cancellationToken) =>
        await StepAsync(() => inner.BeginAsync(ledger, cancellationToken));

    public async Task AddAsync(MoveMark found, MoveMark reached, IReadOnlyList<CountedRecord> records, CancellationToken cancellationToken) =>
        await StepAsync(async () =>
        {
            await inner.AddAsync(found, reached, records, cancellationToken);
            return true;
        });

    public async Task FurnishAsync(
        MoveMark found, LedgerBelongings belongings, IAsyncEnumerable<HourTotal> totals, IAsyncEnumerable<HourRejections> rejections,
        IAsyncEnumerable<RejectedRecord> rejected, CancellationToken cancellationToken) =>
        await StepAsync(async () =>
        {
            await inner.FurnishAsync(found, belongings, totals, rejections, rejected, cancellationToken);
            await Furnished();
            return true;
        });

    public async Task<IReadOnlyList<CountedRecord>> FindAsync(UInt128[] uuids, CancellationToken cancellationToken) =>
        await StepAsync(() => inner.FindAsync(uuids, cancellationToken));

    public IAsyncEnumerable<HourTotal> ReadTotalsAsync(CancellationToken cancellationToken) => inner.ReadTotalsAsync(cancellationToken);

    public IAsyncEnumerable<HourRejections> ReadRejectionsAsync(CancellationToken cancellationToken) => inner.ReadRejectionsAsync(cancellationToken);

    public IAsyncEnumerable<RejectedRecord> ReadRejectedAsync(CancellationToken cancellationToken) => inner.ReadRejectedAsync(cancellationToken);

    public Task<LedgerBelongings> ReadBelongingsAsync(CancellationToken cancellationToken) => inner.ReadBelongingsAsync(cancellationToken);

    public Task<LedgerVerification> VerifyAsync(CancellationToken cancellationToken) => inner.VerifyAsync(cancellationToken);

    public async Task CompleteAsync(MoveMark found, CancellationToken cancellationToken) =>
        await StepAsync(async () =>
        {
            await inner.CompleteAsync(found, cancellationToken);
            return true;
        });

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private async Task<T> StepAsync<T>(Func<Task<T>> step)
    {
        bool isLast = --_stepsLeft < 0;
        if (isLast && !diesAfter)
            throw new DeathException();
        T result = await step();
        return isLast ? throw new DeathException() : result;
    }
}
