namespace Metering.Ledger.Sqlite;

/// <summary>Wakes those who wait for the next batch. While nobody waits, it costs the writer two memory accesses a commit.</summary>
internal sealed class CommitSignal(long lastBatch)
{
    private long _lastBatch = lastBatch;
    private TaskCompletionSource? _waiting;

    /// <summary>Number of the last batch that is known to be durable; there may be a newer one for a moment.</summary>
    public long LastBatch => Volatile.Read(ref _lastBatch);

    /// <summary>A batch is durable. The writer's thread alone.</summary>
    public void Committed(long batch)
    {
        // A full fence between the write and the read: either this sees who waits, or who waits sees the batch.
        Interlocked.Exchange(ref _lastBatch, batch);
        if (Volatile.Read(ref _waiting) is not null && Interlocked.Exchange(ref _waiting, null) is { } waiting)
            ThreadPool.UnsafeQueueUserWorkItem(static waiting => waiting.SetResult(), waiting, preferLocal: false);
    }

    /// <summary>Completes once this batch is durable.</summary>
    public async Task WaitAsync(long batch, CancellationToken cancellationToken)
    {
        while (true)
        {
            TaskCompletionSource own = new(TaskCreationOptions.RunContinuationsAsynchronously);
            TaskCompletionSource waiting = Interlocked.CompareExchange(ref _waiting, own, null) ?? own;
            if (LastBatch >= batch)
                return;
            await waiting.Task.WaitAsync(cancellationToken);
        }
    }
}
