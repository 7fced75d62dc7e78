namespace Metering.Ledger;

/// <summary>The catalog in force. Replacing it is one reference write: requests under way keep the one they took.</summary>
public sealed class CatalogHolder
{
    private CatalogSnapshot _current = CatalogSnapshot.Empty;

    /// <summary>The catalog in force now.</summary>
    public CatalogSnapshot Current
    {
        get => Volatile.Read(ref _current);
        set => Volatile.Write(ref _current, value);
    }
}
