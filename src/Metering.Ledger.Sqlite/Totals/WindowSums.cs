namespace Metering.Ledger.Sqlite;

/// <summary>Sums of some consecutive windows by group, while they are added up.</summary>
internal sealed class WindowSums(IReadOnlyList<long> edges, int firstWindow, int windows)
{
    private readonly Sum[][] _sums = [.. Enumerable.Range(0, windows).Select(_ => Array.Empty<Sum>())];

    /// <summary>Adds what was counted in one window.</summary>
    /// <param name="window">The window's place among the edges.</param>
    /// <param name="group">The group.</param>
    /// <param name="quantity">The quantity.</param>
    /// <param name="records">Number of records, above 0.</param>
    public void Add(int window, int group, Int128 quantity, long records)
    {
        ref Sum[] groups = ref _sums[window - firstWindow];
        if (group >= groups.Length)
            Array.Resize(ref groups, Math.Max(group + 1, groups.Length * 2));
        ref Sum sum = ref groups[group];
        sum.Quantity = checked(sum.Quantity + quantity);
        sum.Records += records;
    }

    /// <summary>The window that an hour lies in, which is known to lie in this one or a later one.</summary>
    public int WindowOf(long hour, int window)
    {
        while (edges[window + 1] <= hour)
            window++;
        return window;
    }

    /// <summary>Everything that was added, window by window.</summary>
    public List<WindowTotal> ToList()
    {
        var totals = new List<WindowTotal>();
        for (int window = 0; window < _sums.Length; window++)
        {
            for (int group = 0; group < _sums[window].Length; group++)
            {
                Sum sum = _sums[window][group];
                if (sum.Records > 0)
                    totals.Add(new WindowTotal(firstWindow + window, group, sum.Quantity, sum.Records));
            }
        }

        return totals;
    }

    private struct Sum
    {
        public Int128 Quantity;
        public long Records;
    }
}
