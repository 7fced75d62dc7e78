namespace Metering.Ledger;

/// <summary>Something that the person who runs the server should read; the store goes on.</summary>
public sealed class StoreNoticeEventArgs(string sentence) : EventArgs
{
    /// <summary>What happened.</summary>
    public string Sentence { get; } = sentence;
}

/// <summary>Everything that a server keeps, in one place that is opened and closed as one.</summary>
public interface IMeteringStore : IAsyncDisposable
{
    /// <summary>Raised on the store's own threads when an operator should know something; handlers are quick and never throw.</summary>
    event EventHandler<StoreNoticeEventArgs>? Noticed;

    /// <summary>The records and their totals.</summary>
    ILedger Ledger { get; }

    /// <summary>Who sells what to whom.</summary>
    ICatalogStore Catalog { get; }

    /// <summary>Signing keys and revocations.</summary>
    ICredentialStore Credentials { get; }

    /// <summary>Old records in files of their own; null when this store keeps all of them.</summary>
    IArchives? Archives => null;
}
