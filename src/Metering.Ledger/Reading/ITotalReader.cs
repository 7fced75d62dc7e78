namespace Metering.Ledger;

/// <summary>Exact sums of what was counted, by windows of whole hours.</summary>
public interface ITotalReader
{
    /// <summary>Hours outside of which there is no total; there may be none at its ends either. Empty when nothing was counted.</summary>
    Task<HourRange> BoundsAsync(CancellationToken cancellationToken);

    /// <summary>
    /// The sums of consecutive windows, by group, of one consistent state: in lists, of one or more whole windows each, in their
    /// order; within a list in any. Groups of which nothing was counted in a window are left out. Who has enough ends the
    /// reading early, and pays for little more.
    /// </summary>
    /// <exception cref="StoreException">The store cannot be read, or it took too long.</exception>
    IAsyncEnumerable<IReadOnlyList<WindowTotal>> ReadAsync(TotalQuery query, CancellationToken cancellationToken);
}

/// <summary>Which sums are meant.</summary>
/// <param name="Edges">
/// Where windows begin and end, in hours since 1970-01-01T00:00:00Z, strictly ascending: the window <c>n</c> goes from
/// <c>Edges[n]</c> to <c>Edges[n + 1]</c>, exclusive.
/// </param>
/// <param name="GroupOf">
/// The group that usage of an owner (first) and a SKU is added up in, from 0 on and as few as there are; below 0 for what is not
/// wanted. It is called by one thread at a time.
/// </param>
public sealed record TotalQuery(IReadOnlyList<long> Edges, Func<int, int, int> GroupOf)
{
    /// <summary>Whether usage of an owner and a SKU is wanted.</summary>
    public bool Covers(int ownerKey, int skuKey) => GroupOf(ownerKey, skuKey) >= 0;

    /// <summary>The only owners that are wanted, ascending; null when any may be. Spares the store the others.</summary>
    public IReadOnlyList<int>? Owners { get; init; }
}

/// <summary>Exact sum of the records of one group and window (by the records' timestamps).</summary>
/// <param name="Window">The window's place in <see cref="TotalQuery.Edges"/>.</param>
/// <param name="Group">The group.</param>
/// <param name="Quantity">Sum of the quantities.</param>
/// <param name="Records">Number of records.</param>
public readonly record struct WindowTotal(int Window, int Group, Int128 Quantity, long Records);
