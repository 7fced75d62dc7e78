namespace Metering.Server;

/// <summary>The catalog file given at start has faults; nothing was changed.</summary>
public sealed class InvalidCatalogException(IReadOnlyList<CatalogFault> faults)
    : Exception(string.Join(Environment.NewLine, faults))
{
    /// <summary>Each fault, with file, line and column.</summary>
    public IReadOnlyList<CatalogFault> Faults { get; } = faults;
}
