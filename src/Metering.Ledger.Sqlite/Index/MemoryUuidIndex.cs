namespace Metering.Ledger.Sqlite;

/// <summary>Every uuid in memory: about 16 to 43 bytes each. Rebuilt from the batches at start.</summary>
internal sealed class MemoryUuidIndex : IUuidIndex
{
    private readonly UuidSet _set = new();
    private readonly List<UInt128> _provisional = [];

    /// <inheritdoc/>
    public long FirstBatchToReplay => 1;

    /// <inheritdoc/>
    public long Count => _set.Count;

    /// <inheritdoc/>
    public bool Contains(UInt128 uuid) => _set.Contains(uuid);

    /// <inheritdoc/>
    public bool TryAdd(UInt128 uuid)
    {
        if (!_set.Add(uuid))
            return false;
        _provisional.Add(uuid);
        return true;
    }

    /// <inheritdoc/>
    public void Keep(long batch) => _provisional.Clear();

    /// <inheritdoc/>
    public void Discard()
    {
        foreach (UInt128 uuid in _provisional)
            _set.Remove(uuid);
        _provisional.Clear();
    }
}
