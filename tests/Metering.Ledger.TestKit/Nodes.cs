namespace Metering.Ledger.TestKit;

/// <summary>The nodes of a test, all over one place, with one clock.</summary>
public sealed class Nodes : IAsyncDisposable
{
    private readonly StorePlace _place;
    private readonly List<StoreUnderTest> _nodes = [];

    private Nodes(StorePlace place) => _place = place;

    public ManualTime Time { get; } = new();

    public int Count => _nodes.Count;

    /// <summary>The first, which is the only one where a store is not shared.</summary>
    public StoreUnderTest First => _nodes[0];

    public StoreUnderTest this[int index] => _nodes[index];

    public static async Task<Nodes> OpenAsync(StorePlace place, StoreShape shape, int count)
    {
        var nodes = new Nodes(place);
        try
        {
            for (int node = 0; node < count; node++)
                nodes._nodes.Add(await StoreUnderTest.OpenAsync(place, shape, nodes.Time));
            return nodes;
        }
        catch
        {
            await nodes.DisposeAsync();
            throw;
        }
    }

    /// <summary>Closes every node before it opens the first again.</summary>
    public async Task RestartAsync()
    {
        foreach (StoreUnderTest node in _nodes)
            await node.CloseAsync();
        foreach (StoreUnderTest node in _nodes)
            await node.RestartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (StoreUnderTest node in _nodes)
            await node.DisposeAsync();
        await _place.DisposeAsync();
    }
}
