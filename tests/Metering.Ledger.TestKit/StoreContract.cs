namespace Metering.Ledger.TestKit;

/// <summary>
/// What every store promises, as tests. A store is <see cref="IMeteringStore"/> implemented; it passes when one class of its
/// test project inherits this one, or <see cref="SharedStoreContract"/> if several nodes share the store, and says in
/// <see cref="MakePlaceAsync"/> where a test's stores are:
/// <code>
/// public sealed class MyContract : StoreContract
/// {
///     protected override Task&lt;StorePlace&gt; MakePlaceAsync() => ...;
/// }
/// </code>
/// What only one store has (files, damage, engines) is tested beside it, in that store's project.
/// </summary>
public abstract partial class StoreContract
{
    /// <summary>Ends with the test run.</summary>
    protected static CancellationToken Stop => TestLedger.Stop;

    /// <summary>Requests that are sent at once are judged in the order in which they were handed over, not in just any order.</summary>
    protected virtual bool IsArrivalOrderKept => false;

    /// <summary>Nodes in the tests of random sequences; more than one only where nodes share a store.</summary>
    protected virtual int Nodes => 1;

    /// <summary>Steps of each random sequence; fewer where opening a store takes its time.</summary>
    protected virtual int Steps => 120;

    /// <summary>An empty place of its own for each test.</summary>
    protected abstract Task<StorePlace> MakePlaceAsync();

    /// <summary>Opens nodes over a new place.</summary>
    protected async Task<Nodes> OpenAsync(int nodes = 1, StoreShape? shape = null)
    {
        StorePlace place = await MakePlaceAsync();
        return await TestKit.Nodes.OpenAsync(place, shape ?? new StoreShape(), nodes);
    }
}
