namespace Metering.Ledger.Sqlite;

/// <summary>
/// What one archive will hold: consecutive batches, from the oldest that is not archived up to the first with a record that
/// is too young, or until the archive is full. Each batch is read and checked for it, record by record.
/// </summary>
internal sealed class ArchivePlan
{
    private readonly HashSet<int> _keys = [];

    private ArchivePlan(long after) => (FirstBatch, LastBatch) = (after + 1, after);

    /// <summary>The first batch.</summary>
    public long FirstBatch { get; }

    /// <summary>The last batch.</summary>
    public long LastBatch { get; private set; }

    /// <summary>Records in all of them.</summary>
    public long Records { get; private set; }

    /// <summary>Bytes of their bodies.</summary>
    public long BodyBytes { get; private set; }

    /// <summary>When the first record was accepted.</summary>
    public long FirstAccepted { get; private set; } = long.MaxValue;

    /// <summary>When the last one was.</summary>
    public long LastAccepted { get; private set; } = long.MinValue;

    /// <summary>Sums of the records.</summary>
    public ArchiveTotals Totals { get; } = new();

    /// <summary>The catalog's keys that the records name: owners, accounts, SKUs.</summary>
    public IReadOnlyCollection<int> Keys => _keys;

    /// <summary>Looks what can be archived; null when nothing can.</summary>
    /// <param name="database">The ledger.</param>
    /// <param name="after">The last batch that is archived.</param>
    /// <param name="acceptedBefore">Every record was accepted before this moment.</param>
    /// <param name="bytesFull">Bytes of bodies at which the archive is full.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="StoreException">A batch is damaged, or missing.</exception>
    public static ArchivePlan? Make(Database database, long after, long acceptedBefore, long bytesFull, CancellationToken cancellationToken)
    {
        var plan = new ArchivePlan(after);
        using var batches = new BatchCursor(database, after + 1, long.MaxValue);
        while (plan.BodyBytes < bytesFull && plan.Totals.Count < Limits.ArchiveTotals && batches.Next())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (batches.Number != plan.LastBatch + 1)
                throw BatchReader.Damage(plan.LastBatch + 1, "it is missing");
            if (!plan.TryAdd(batches, acceptedBefore))
                break;
        }

        return plan.Records == 0 ? null : plan;
    }

    /// <summary>The header and the names of the file that holds all this.</summary>
    public (ArchiveHeader Header, List<ArchiveName> Names) Describe(Database database, Guid ledger)
    {
        List<ArchiveName> names = ArchiveName.Read(database, Keys);
        long nameBytes = names.Sum(name => (long)ArchiveHeader.NameHeadBytes + name.Body.Length);
        return (new ArchiveHeader(ledger, FirstBatch, LastBatch, Records, BodyBytes, FirstAccepted, LastAccepted, nameBytes, Totals.Count), names);
    }

    private bool TryAdd(BatchCursor batches, long acceptedBefore)
    {
        long oldest = long.MaxValue, newest = long.MinValue;
        int owner = -1, account = -1, sku = -1;
        BatchReader reader = batches.Read();
        while (reader.Next(out CountedRecord record))
        {
            Totals.Add(record);
            oldest = Math.Min(oldest, record.AcceptedUnixNanoseconds);
            newest = Math.Max(newest, record.AcceptedUnixNanoseconds);

            // Those of a batch that turns out to be too young stay: a name too many harms nobody.
            if (owner != record.OwnerKey)
                _keys.Add(owner = record.OwnerKey);
            if (account != record.AccountKey)
                _keys.Add(account = record.AccountKey);
            if (sku != record.SkuKey)
                _keys.Add(sku = record.SkuKey);
        }

        if (newest >= acceptedBefore)
        {
            TakeBack(batches.Read());
            return false;
        }

        LastBatch = batches.Number;
        Records += batches.Records;
        BodyBytes += batches.Body.Length;
        FirstAccepted = Math.Min(FirstAccepted, oldest);
        LastAccepted = Math.Max(LastAccepted, newest);
        return true;
    }

    private void TakeBack(BatchReader reader)
    {
        while (reader.Next(out CountedRecord record))
            Totals.TakeBack(record);
    }
}
