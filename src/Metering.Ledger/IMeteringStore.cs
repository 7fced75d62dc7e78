namespace Metering.Ledger;

/// <summary>Everything that a server keeps, in one place that is opened and closed as one.</summary>
public interface IMeteringStore : IAsyncDisposable
{
    /// <summary>The records and their totals.</summary>
    ILedger Ledger { get; }

    /// <summary>Who sells what to whom.</summary>
    ICatalogStore Catalog { get; }

    /// <summary>Signing keys and revocations.</summary>
    ICredentialStore Credentials { get; }
}
