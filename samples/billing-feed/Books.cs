using Metering.Contracts.V1;

namespace Metering.BillingFeed;

/// <summary>Where an invoice is kept from one batch of records to the next.</summary>
internal interface IBooks
{
    /// <summary>The place in the feed to go on after.</summary>
    string Cursor { get; }

    /// <summary>Takes in a batch.</summary>
    void Enter(WatchRecordsResponse batch);

    /// <summary>There is no more.</summary>
    void Close();
}

/// <summary>
/// How to do it: the invoice and the place of the feed that it was made up to are one file, replaced as a whole. Whenever
/// this program is killed, the file on disk is an invoice of exactly the records before its cursor: after it the feed goes on,
/// so that each record is entered once.
/// </summary>
internal sealed class Books(string file) : IBooks
{
    private readonly Invoice _invoice = Invoice.Load(file);

    public string Cursor => _invoice.Cursor;

    public void Enter(WatchRecordsResponse batch)
    {
        _invoice.Add(batch.Records);
        _invoice.Cursor = batch.Cursor;
        _invoice.Save(file);
    }

    public void Close()
    {
        // Everything is in the file already.
    }
}

/// <summary>
/// How not to do it: the cursor is in a file of its own, saved before the invoice, and the invoice only now and then. Whoever
/// is killed in between goes on behind records that are in no invoice.
/// </summary>
internal sealed class CarelessBooks(string file) : IBooks
{
    private static readonly TimeSpan SaveEvery = TimeSpan.FromSeconds(10);

    private readonly string _cursorFile = file + ".cursor";
    private readonly Invoice _invoice = Invoice.Load(file);
    private long _saved = TimeProvider.System.GetTimestamp();

    public string Cursor => File.Exists(_cursorFile) ? File.ReadAllText(_cursorFile) : string.Empty;

    public void Enter(WatchRecordsResponse batch)
    {
        File.WriteAllText(_cursorFile + ".new", batch.Cursor);
        File.Move(_cursorFile + ".new", _cursorFile, overwrite: true);
        _invoice.Add(batch.Records);
        if (TimeProvider.System.GetElapsedTime(_saved) < SaveEvery)
            return;
        _invoice.Save(file);
        _saved = TimeProvider.System.GetTimestamp();
    }

    public void Close() => _invoice.Save(file);
}
