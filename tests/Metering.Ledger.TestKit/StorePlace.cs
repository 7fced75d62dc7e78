namespace Metering.Ledger.TestKit;

/// <summary>
/// Where one test's store keeps what it keeps: a directory, a database. Stores are opened there one after the other, and,
/// where nodes share a store, several at a time. Disposed of when the test ends, after every store.
/// </summary>
public abstract class StorePlace : IAsyncDisposable
{
    /// <summary>Opens a store over what is kept here.</summary>
    public abstract Task<IMeteringStore> OpenAsync(StoreShape shape, TimeProvider time);

    /// <summary>Takes away what was kept.</summary>
    public abstract ValueTask DisposeAsync();
}

/// <summary>How a test wants its store. A store that has no such thing leaves it aside.</summary>
public sealed record StoreShape
{
    /// <summary>Most requests in one group commit.</summary>
    public int GroupRequests { get; init; } = Limits.GroupCommitRequests;

    /// <summary>Most requests that wait.</summary>
    public int QueueRequests { get; init; } = Limits.LedgerQueueRequests;

    /// <summary>How long rejected records are kept, and how many.</summary>
    public RejectedKeeping Rejections { get; init; } = RejectedKeeping.Default;

    /// <summary>Chooses among the store's own ways of working, such as sizes that make rare work frequent; 0 for the defaults.</summary>
    public int Seed { get; init; }
}
