namespace Metering.Ledger.Sqlite;

/// <summary>The batches of a ledger in order, those that were archived from their archives.</summary>
/// <param name="database">The ledger, which it closes.</param>
/// <param name="archived">The archives, read with the same connection.</param>
/// <param name="after">The batch before the first.</param>
/// <param name="last">The last batch.</param>
internal sealed class MovedBatches(Database database, ArchivedBatches archived, long after, long last) : IRecordBatches
{
    private readonly IEnumerator<IBatches> _sources = Sources(database, archived, after, last).GetEnumerator();
    private IBatches? _current;

    /// <inheritdoc/>
    public long Next(List<CountedRecord> records)
    {
        try
        {
            while (_current is null || !_current.Next())
            {
                _current = null; // closed by the next step; whoever asks again at the end hears the same
                if (!_sources.MoveNext())
                    return 0;
                _current = _sources.Current;
            }

            BatchReader reader = _current.Read();
            while (reader.Next(out CountedRecord record))
                records.Add(record);
            return _current.Number;
        }
        catch (ArchiveDamageException damage)
        {
            throw new StoreException(damage.Message, damage);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sources.Dispose();
        database.Dispose();
    }

    // Each is closed when the next is asked for.
    private static IEnumerable<IBatches> Sources(Database database, ArchivedBatches archived, long after, long last)
    {
        foreach (IBatches batches in archived.Between(after + 1, Math.Min(last, archived.LastBatch)))
            yield return batches;
        using var rest = new BatchCursor(database, Math.Max(after, archived.LastBatch) + 1, last);
        yield return rest;
    }
}
