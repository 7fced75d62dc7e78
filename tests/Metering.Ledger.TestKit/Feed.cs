namespace Metering.Ledger.TestKit;

/// <summary>Follows the feed of a store.</summary>
public static class Feed
{
    /// <summary>Everything after a place, page by page.</summary>
    public static async Task<List<CountedRecord>> ReadAsync(IRecordReader records, int pageRecords, LedgerCursor after = default)
    {
        var read = new List<CountedRecord>();
        while (true)
        {
            RecordPage page = await records.ReadAsync(after, pageRecords, TestLedger.Stop);
            Assert.InRange(page.Records.Count, page.IsEnd ? 0 : 1, pageRecords);
            read.AddRange(page.Records);
            after = page.Next;
            if (page.IsEnd)
                return read;
        }
    }

    /// <summary>Waits for more, or until there is no more to come.</summary>
    public static async Task WaitAsync(IRecordReader records, LedgerCursor after, CancellationToken over)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over, TestLedger.Stop);
        try
        {
            await records.WaitAsync(after, either.Token);
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
        }
    }
}
