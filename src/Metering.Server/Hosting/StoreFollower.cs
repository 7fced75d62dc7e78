using Metering.Ledger;

namespace Metering.Server;

/// <summary>Keeps this node's catalog, signing keys and revocations those of the store that other nodes change too.</summary>
internal sealed class StoreFollower : IAsyncDisposable
{
    private static readonly TimeSpan RetryTime = TimeSpan.FromMilliseconds(250); // a change has to be in force within a second

    private readonly IMeteringStore _store;
    private readonly CatalogRegistry _catalog;
    private readonly TokenAuthority _tokens;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _bell = new(0);
    private readonly Task _following;
    private int _changes;

    /// <summary>Follows from now on.</summary>
    public StoreFollower(IMeteringStore store, CatalogRegistry catalog, TokenAuthority tokens, TimeProvider time)
    {
        _store = store;
        _catalog = catalog;
        _tokens = tokens;
        _time = time;
        _following = FollowAsync();
        _store.Changed += Hear;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _store.Changed -= Hear;
        await _stop.CancelAsync();
        await _following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _bell.Dispose();
    }

    private void Hear(object? sender, StoreChangedEventArgs change)
    {
        Interlocked.Or(ref _changes, (int)change.Changes);
        _bell.Release();
    }

    private async Task FollowAsync()
    {
        while (true)
        {
            await _bell.WaitAsync(_stop.Token);
            var changes = (StoreChanges)Interlocked.Exchange(ref _changes, 0);
            try
            {
                if (changes.HasFlag(StoreChanges.Catalog))
                    await _catalog.LoadAsync(_stop.Token);
                if (changes.HasFlag(StoreChanges.Credentials))
                    await _tokens.RefreshAsync(_stop.Token);
            }
            catch (StoreException)
            {
                // The store itself tells of an outage. What was not read is read as soon as it can be.
                Interlocked.Or(ref _changes, (int)changes);
                await Task.Delay(RetryTime, _time, _stop.Token);
                _bell.Release();
            }
        }
    }
}
