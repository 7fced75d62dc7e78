using Metering.Ledger;

namespace Metering.Server;

/// <summary>Some batches of a ledger, taken together.</summary>
/// <param name="Records">Their records.</param>
/// <param name="LastBatch">Number of the last of them.</param>
internal readonly record struct RecordChunk(List<CountedRecord> Records, long LastBatch);

/// <summary>
/// Reads a ledger's batches in chunks: the next is read while the one before is worked on. Two lists take turns, so that memory
/// does not grow with the ledger.
/// </summary>
internal sealed class RecordChunks(IRecordBatches batches, int chunkRecords)
{
    /// <summary>Every chunk, in order; a chunk is good until the next is asked for.</summary>
    public async IAsyncEnumerable<RecordChunk> ReadAsync()
    {
        List<CountedRecord> current = [], other = [];
        Task<RecordChunk> reading = Task.Run(() => Fill(current));
        try
        {
            while (await reading is { LastBatch: > 0 } chunk)
            {
                (current, other) = (other, current);
                List<CountedRecord> next = current;
                reading = Task.Run(() => Fill(next));
                yield return chunk;
            }
        }
        finally
        {
            await ((Task)reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // who leaves early closes the batches next
        }
    }

    // Whole batches only: a transaction of the target ends where a batch ends.
    private RecordChunk Fill(List<CountedRecord> records)
    {
        records.Clear();
        long last = 0;
        while (records.Count < chunkRecords && batches.Next(records) is > 0 and var number)
            last = number;
        return new RecordChunk(records, last);
    }
}
