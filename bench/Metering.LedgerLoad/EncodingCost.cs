using System.Diagnostics;
using Metering.Ledger;
using Metering.Ledger.Sqlite;
using Metering.Ledger.Sqlite.Tests;
using Metering.Load;

namespace Metering.LedgerLoad;

/// <summary>
/// What the encoding of a batch costs, in bytes and in time, beside the version before: the same requests through both
/// in turns, and read back. Medians of the turns. Times are of requests that fit into the processor's cache, over and
/// over, so that they are of the encoding and not of the memory.
/// </summary>
internal static class EncodingCost
{
    private const int Turns = 41;
    private const int BatchRecords = 10_000;
    private const int CachedRequests = 50;

    private static readonly RecordwiseWriter Recordwise = new();
    private static readonly BatchWriter Columnar = new();

    /// <summary>Prints a line for each kind of load.</summary>
    public static void Run()
    {
        Console.WriteLine($"{"batches of 10,000 records",-62} {"bytes/record",16} {"written, ns/record",20} {"read, ns/record",18}");
        foreach ((string load, UsageWrite[] writes) in Loads())
        {
            UsageWrite[] cached = [.. Enumerable.Range(0, writes.Length).Select(number => writes[number % CachedRequests])];
            double bytesBefore = Measure(writes, Recordwise.Clear, Recordwise.Add, Recordwise.Finish).Bytes;
            double bytesNow = Measure(writes, Columnar.Clear, Columnar.Add, Columnar.Finish).Bytes;
            var written = new List<(double Before, double Now)>();
            var read = new List<(double Before, double Now)>();
            for (int turn = 0; turn < Turns; turn++)
            {
                Cost before = Measure(cached, Recordwise.Clear, Recordwise.Add, Recordwise.Finish);
                Cost now = Measure(cached, Columnar.Clear, Columnar.Add, Columnar.Finish);
                written.Add((before.WriteNanoseconds, now.WriteNanoseconds));
                read.Add((before.ReadNanoseconds, now.ReadNanoseconds));
            }

            Console.WriteLine(
                $"{load,-62} {bytesBefore,6:F1} -> {bytesNow,6:F1} {Median.Of(written.Select(turn => turn.Before)),8:F1} -> {Median.Of(written.Select(turn => turn.Now)),8:F1} "
                + $"{Median.Of(read.Select(turn => turn.Before)),7:F1} -> {Median.Of(read.Select(turn => turn.Now)),7:F1}");
        }
    }

    private delegate ReadOnlySpan<byte> Finish(long number);

    private static Cost Measure(UsageWrite[] writes, Action clear, Action<UsageWrite, int> add, Finish finish)
    {
        const int Repetitions = 8;
        ReadOnlySpan<byte> body = default;
        long startedAt = Stopwatch.GetTimestamp();
        for (int repetition = 0; repetition < Repetitions; repetition++)
        {
            foreach (UsageWrite write in writes)
                Judge(write);
        }

        double judgeNanoseconds = Stopwatch.GetElapsedTime(startedAt).TotalNanoseconds;
        startedAt = Stopwatch.GetTimestamp();
        for (int repetition = 0; repetition < Repetitions; repetition++)
        {
            clear();
            foreach (UsageWrite write in writes)
            {
                Judge(write);
                add(write, write.RecordCount);
            }

            body = finish(1);
        }

        double writeNanoseconds = Stopwatch.GetElapsedTime(startedAt).TotalNanoseconds - judgeNanoseconds;
        long records = 0;
        startedAt = Stopwatch.GetTimestamp();
        for (int repetition = 0; repetition < Repetitions; repetition++)
        {
            var reader = new BatchReader(1, BatchRecords, body);
            while (reader.Next(out _))
                records++;
        }

        double readNanoseconds = Stopwatch.GetElapsedTime(startedAt).TotalNanoseconds;
        return new Cost(body.Length / (double)BatchRecords, writeNanoseconds / records, readNanoseconds / records);
    }

    // The writer has just judged a request that it encodes: it is in the processor's cache.
    private static void Judge(UsageWrite write)
    {
        bool isWhole = write.OwnerKey > 0 && write.AccountKey > 0 && write.RequestId != Guid.Empty && write.ReceivedUnixNanoseconds > 0;
        foreach (ref UsageRecord record in write.Records)
            record.Verdict = isWhole && record.Quantity > 0 && record.SkuKey > 0 && record.Uuid != 0 ? Verdict.Accepted : Verdict.InvalidQuantity;
    }

    private static IEnumerable<(string Load, UsageWrite[] Writes)> Loads()
    {
        foreach (int each in new[] { 25, 1 })
        {
            foreach (int owners in new[] { 1, 1000 })
            {
                yield return ($"{each}/request, {owners} owners, whole seconds, amounts to 1,000", Requests(each, owners, 1_000_000_000, 1_000));
                yield return ($"{each}/request, {owners} owners, microseconds, amounts to 1,000,000", Requests(each, owners, 1_000, 1_000_000));
            }
        }

        yield return ("25/request, 1 owner, one moment a request, amount 1", Requests(25, 1, 0, 1));
        yield return ("25/request, 1000 owners, nanoseconds, any amount", Requests(25, 1000, 1, long.MaxValue));
    }

    // Requests a microsecond apart, of records of the last minute, ten SKUs an owner.
    private static UsageWrite[] Requests(int each, int owners, long unit, long amounts)
    {
        var random = new Random(each + owners);
        const long Start = 1_772_368_200_123_456_700;
        return [.. Enumerable.Range(0, BatchRecords / each).Select(number =>
        {
            int owner = random.Next(owners);
            var write = new UsageWrite
            {
                OwnerKey = 1_000 + owner,
                AccountKey = 5_000 + (owner / 10),
                RequestId = RandomId(random),
                ReceivedUnixNanoseconds = Start + (number * 1_000L * each) + (random.Next(10_000) * 100),
            };
            long moment = write.ReceivedUnixNanoseconds - 5_000_000;
            for (int place = 0; place < each; place++)
            {
                ref UsageRecord record = ref write.AddRecord();
                record.Uuid = new UInt128((ulong)random.NextInt64(), (ulong)random.NextInt64());
                record.SkuKey = 10_000 + random.Next(10);
                record.Quantity = random.NextInt64(1, amounts == 1 ? 2 : amounts);
                record.HasTimestamp = true;
                long timestamp = unit == 0 ? moment : (moment - random.NextInt64(60_000_000_000)) / unit * unit;
                (record.TimestampSeconds, long nanoseconds) = Math.DivRem(timestamp, 1_000_000_000);
                record.TimestampNanoseconds = (int)nanoseconds;
            }

            return write;
        })];
    }

    private static Guid RandomId(Random random)
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }

    private readonly record struct Cost(double Bytes, double WriteNanoseconds, double ReadNanoseconds);
}
