namespace Metering.Ledger.TestKit;

/// <summary>A store in a place, closed and opened again as the test likes; one of several nodes, where nodes share the place.</summary>
public sealed class StoreUnderTest : TestLedger, IAsyncDisposable
{
    private readonly StorePlace _place;
    private readonly StoreShape _shape;
    private IMeteringStore? _store;

    private StoreUnderTest(StorePlace place, StoreShape shape, ManualTime time)
    {
        _place = place;
        _shape = shape;
        Time = time;
    }

    public override ManualTime Time { get; }

    public IMeteringStore Store => _store ?? throw new InvalidOperationException("The store is closed.");

    public override ILedger Ledger => Store.Ledger;

    public static async Task<StoreUnderTest> OpenAsync(StorePlace place, StoreShape shape, ManualTime time)
    {
        var opened = new StoreUnderTest(place, shape, time);
        await opened.RestartAsync();
        return opened;
    }

    public async Task CloseAsync()
    {
        if (_store is not null)
            await _store.DisposeAsync();
        _store = null;
    }

    public async Task<IMeteringStore> RestartAsync()
    {
        await CloseAsync();
        return _store = await _place.OpenAsync(_shape, Time);
    }

    public async ValueTask DisposeAsync() => await CloseAsync();
}
