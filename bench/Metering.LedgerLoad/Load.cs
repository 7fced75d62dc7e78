using System.Diagnostics;
using Metering.Bench;
using Metering.Ledger;
using Metering.Ledger.Sqlite;

namespace Metering.LedgerLoad;

/// <summary>Requests of 25 records, many at once, straight into the ledger. The uuids follow from the records' numbers.</summary>
internal static class Load
{
    /// <summary>Records after which a line is printed.</summary>
    public const long SliceRecords = 1_000_000;

    private const int RecordsEach = Limits.RecordsPerWrite;

    private static readonly List<UsageWrite> Writes = [];

    /// <summary>Requests that are under way at once.</summary>
    public static int Senders { get; set; } = 4096;

    /// <summary>Writes so many records, from this number on, and prints how it went; each verdict must be the expected one.</summary>
    public static async Task RunAsync(SqliteStore store, long first, long records, Verdict expected)
    {
        long next = first / RecordsEach;
        long end = (first + records) / RecordsEach;
        long startedAt = Stopwatch.GetTimestamp();
        long allocatedBefore = GC.GetTotalAllocatedBytes();
        long longest = 0;
        TimeSpan processorBefore = Environment.CpuUsage.TotalTime;
        IndexFigures before = store.IndexFigures;
        while (Writes.Count < Senders)
            Writes.Add(new UsageWrite());

        async Task SendAsync(UsageWrite write)
        {
            await Task.Yield();
            for (long request; (request = Interlocked.Increment(ref next) - 1) < end;)
            {
                Fill(write, request);
                long sentAt = Stopwatch.GetTimestamp();
                if (await store.Ledger.WriteAsync(write) != LedgerAnswer.Committed)
                    throw new InvalidOperationException("The ledger refused a write.");
                InterlockedMax(ref longest, Stopwatch.GetTimestamp() - sentAt);
                foreach (ref UsageRecord record in write.Records)
                {
                    if (record.Verdict != expected)
                        throw new InvalidOperationException($"Record {RecordUuid.Format(record.Uuid)} is {record.Verdict}.");
                }
            }
        }

        await Task.WhenAll(Writes.Take(Senders).Select(SendAsync));
        double seconds = Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
        TimeSpan processor = Environment.CpuUsage.TotalTime - processorBefore;
        IndexFigures figures = store.IndexFigures;
        long searched = figures.Searched - before.Searched, found = figures.Found - before.Found;
        Console.WriteLine(
            $"{(expected == Verdict.Accepted ? "fill" : "replay")} to {first + records,10}: {records / seconds / 1e6:F2} M/s, processor {processor.TotalNanoseconds / records:F0} ns/record, "
            + $"longest {longest * 1000.0 / Stopwatch.Frequency:F0} ms, waits {figures.Waits - before.Waits}, runs {figures.Runs}, "
            + $"filter {figures.SealedMemoryBytes / (double)Math.Max(1, figures.SealedUuids):F2} B/sealed, "
            + $"mistakes {(searched - found) * 100.0 / records:F3} %, found {found}, "
            + $"allocated {(GC.GetTotalAllocatedBytes() - allocatedBefore) / (double)records:F0} B/record, resident {Environment.WorkingSet / 1048576} MiB");
    }

    private static void Fill(UsageWrite write, long request)
    {
        write.Reset();
        write.OwnerKey = (int)(request % 100) + 1;
        write.AccountKey = 1;
        write.RequestId = new Guid((int)request, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
        write.ReceivedUnixNanoseconds = MeteringClock.ToUnixNanoseconds(TimeProvider.System.GetUtcNow());
        for (int place = 0; place < RecordsEach; place++)
        {
            ref UsageRecord record = ref write.AddRecord();
            ulong number = (ulong)((request * RecordsEach) + place);
            record.Uuid = NumberedUuid.Of(number);
            record.SkuKey = (place % 10) + 1;
            record.Quantity = 1 + (place * 7);
            record.HasTimestamp = true;
            (record.TimestampSeconds, long nanoseconds) = Math.DivRem(write.ReceivedUnixNanoseconds - (place * 1_000_000), 1_000_000_000);
            record.TimestampNanoseconds = (int)nanoseconds;
        }
    }

    private static void InterlockedMax(ref long target, long value)
    {
        long seen = Volatile.Read(ref target);
        while (value > seen)
        {
            long before = Interlocked.CompareExchange(ref target, value, seen);
            if (before == seen)
                return;
            seen = before;
        }
    }
}
