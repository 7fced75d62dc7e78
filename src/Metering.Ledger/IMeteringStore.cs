namespace Metering.Ledger;

/// <summary>Something that the person who runs the server should read; the store goes on.</summary>
public sealed class StoreNoticeEventArgs(string sentence) : EventArgs
{
    /// <summary>What happened.</summary>
    public string Sentence { get; } = sentence;
}

/// <summary>What another node changed in the store.</summary>
[Flags]
public enum StoreChanges
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The catalog: read it again.</summary>
    Catalog = 1,

    /// <summary>Signing keys or revocations: read them again.</summary>
    Credentials = 2,
}

/// <summary>Something in the store may be other than it was when this node read it last.</summary>
public sealed class StoreChangedEventArgs(StoreChanges changes) : EventArgs
{
    /// <summary>What it is.</summary>
    public StoreChanges Changes { get; } = changes;
}

/// <summary>Everything that a server keeps, in one place that is opened and closed as one.</summary>
public interface IMeteringStore : IAsyncDisposable
{
    /// <summary>Raised on the store's own threads when an operator should know something; handlers are quick and never throw.</summary>
    event EventHandler<StoreNoticeEventArgs>? Noticed;

    /// <summary>
    /// Raised on the store's own threads within a second of a change that any node made to what the nodes share, this one
    /// included; perhaps more often. Handlers are quick and never throw. A store that one node has to itself never raises it.
    /// </summary>
    event EventHandler<StoreChangedEventArgs>? Changed;

    /// <summary>The records and their totals.</summary>
    ILedger Ledger { get; }

    /// <summary>Sums of the records, by windows of time.</summary>
    ITotalReader Totals { get; }

    /// <summary>The accepted records, one by one.</summary>
    IRecordReader Records { get; }

    /// <summary>Places in the feed of the records, by name.</summary>
    IFeedConsumers Consumers { get; }

    /// <summary>The rejected records, as they were sent.</summary>
    IRejectedRecords Rejections { get; }

    /// <summary>Corrections of them.</summary>
    ICorrections Corrections { get; }

    /// <summary>Who sells what to whom.</summary>
    ICatalogStore Catalog { get; }

    /// <summary>Signing keys and revocations.</summary>
    ICredentialStore Credentials { get; }

    /// <summary>Old records in files of their own; null when this store keeps all of them.</summary>
    IArchives? Archives => null;
}
