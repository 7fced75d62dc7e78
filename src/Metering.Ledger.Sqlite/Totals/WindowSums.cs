using System.Runtime.InteropServices;

namespace Metering.Ledger.Sqlite;

/// <summary>Sums of some consecutive windows, while they are added up.</summary>
internal sealed class WindowSums(IReadOnlyList<long> edges, int firstWindow, int windows)
{
    private readonly Dictionary<(int Owner, int Sku), Sum>[] _sums = [.. Enumerable.Range(0, windows).Select(_ => new Dictionary<(int, int), Sum>())];

    /// <summary>Adds a total of hours that lie in one window.</summary>
    /// <param name="window">The window's place among the edges.</param>
    /// <param name="total">The total; its hour means nothing here.</param>
    public void Add(int window, in HourTotal total)
    {
        ref Sum sum = ref CollectionsMarshal.GetValueRefOrAddDefault(_sums[window - firstWindow], (total.OwnerKey, total.SkuKey), out _);
        sum.Quantity = checked(sum.Quantity + total.Quantity);
        sum.Records += total.Records;
    }

    /// <summary>The window that an hour lies in, which is known to lie in one of them.</summary>
    public int WindowOf(long hour, int guess)
    {
        while (edges[guess + 1] <= hour)
            guess++;
        return guess;
    }

    /// <summary>Everything that was added, window by window.</summary>
    public List<WindowTotal> ToList()
    {
        var totals = new List<WindowTotal>(_sums.Sum(window => window.Count));
        for (int window = 0; window < _sums.Length; window++)
        {
            foreach (((int owner, int sku), Sum sum) in _sums[window])
                totals.Add(new WindowTotal(firstWindow + window, owner, sku, sum.Quantity, sum.Records));
        }

        return totals;
    }

    private struct Sum
    {
        public Int128 Quantity;
        public long Records;
    }
}
