namespace Metering.Ledger.Sqlite;

/// <summary>A batch with all its records.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Records">Its records; nobody changes them.</param>
/// <param name="Checksum">The checksum that it carries.</param>
internal sealed record DecodedBatch(long Number, CountedRecord[] Records, uint Checksum);

/// <summary>
/// Batches of which a page took a part, kept for the next page: otherwise a large batch would be decoded once for each of its
/// pages. Bounded, and a batch leaves when a page takes its end.
/// </summary>
internal sealed class DecodedBatches
{
    private const int RecordsMaximum = 256 * 1024; // of 80 bytes; a batch has 100 KiB records at most

    private readonly Lock _use = new();
    private readonly List<DecodedBatch> _kept = []; // the one that was used last at the end

    /// <summary>The batch, if it is kept.</summary>
    public DecodedBatch? Find(long number)
    {
        lock (_use)
        {
            int place = _kept.FindIndex(batch => batch.Number == number);
            if (place < 0)
                return null;
            DecodedBatch batch = _kept[place];
            _kept.RemoveAt(place);
            _kept.Add(batch);
            return batch;
        }
    }

    /// <summary>Keeps a batch, instead of those that were not used for longest.</summary>
    public void Keep(DecodedBatch batch)
    {
        lock (_use)
        {
            _kept.RemoveAll(kept => kept.Number == batch.Number);
            _kept.Add(batch);
            while (_kept.Count > 1 && _kept.Sum(kept => kept.Records.Length) > RecordsMaximum)
                _kept.RemoveAt(0);
        }
    }

    /// <summary>Keeps a batch no more.</summary>
    public void Drop(long number)
    {
        lock (_use)
            _kept.RemoveAll(kept => kept.Number == number);
    }
}
