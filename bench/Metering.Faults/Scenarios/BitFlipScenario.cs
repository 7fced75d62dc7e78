using Metering.Ledger;
using Metering.Ledger.Sqlite;

namespace Metering.Faults;

/// <summary>
/// One bit is flipped in one kind of stored thing. Either somebody says so (opening, reading, verification), or everything
/// that is read is as it was. What has no checksum of its own is counted apart, honestly: there a flip may be served.
/// </summary>
internal sealed class BitFlipScenario : Scenario
{
    private const int Records = 4_000;
    private const int RecordsPerWrite = 20;

    private static readonly StoreChanges Changes = new(IndexRecentUuids: 700, IndexFanIn: 64, CheckpointBytes: 1 << 30);

    // Rows: table, column, and whether a flip in it must be seen.
    private static readonly (string Kind, string Table, string Column, bool IsCovered)[] Rows =
    [
        ("batch", "batch", "body", true), ("batch's count", "batch", "records", true),
        ("total", "hour_total", "quantity", true), ("total's count", "hour_total", "records", true),
        ("rejection count", "hour_rejection", "records", false), ("clock", "clock", "high_water_unix_nanoseconds", false),
    ];

    public override string Name => "bit-flip";

    public override string Does => "one bit is flipped: in a run of the index, the write-ahead log, a batch, a total, a count of rejections, the clock";

    public override string Checks => "the store opens, everything is read, the ledger is verified: the flip is reported, or nothing that is read has changed";

    public override int LongTimes => 800;

    public override int ShortTimes => 40;

    public override async Task RunAsync(ScenarioRun run)
    {
        using var folder = TemporaryDirectory.InMemory();
        string original = folder["original"];
        Directory.CreateDirectory(original);
        await FillAsync(Path.Combine(original, "ledger.db"));
        string truth = (await ReadAsync(Copy(folder, original, "truth"))).State;
        run.Require(truth.Length > 0, "A sound ledger is reported as damaged.");
        for (int time = 0; time < run.Times; time++)
        {
            string ledger = Copy(folder, original, $"flip{time}");
            (string kind, bool isCovered) = Flip(ledger, time % (Rows.Length + 2), run.Random);
            (string? said, string state) = await ReadAsync(ledger);
            bool isServed = said is null && state != truth;
            run.Require(!isServed || !isCovered, $"A flipped bit in a {kind} is served as truth (seed {run.Seed}, flip {time}).");
            run.Count(said is not null ? $"{kind}: reported" : isServed ? $"{kind}: served (no checksum)" : $"{kind}: without effect", 1);
            Directory.Delete(Path.GetDirectoryName(ledger)!, recursive: true);
        }

        run.Control = "without a flip nothing is reported, and a second reading gives the same";
        (string? fault, string again) = await ReadAsync(Copy(folder, original, "control"));
        run.Require(fault is null && again == truth, $"Without a flip: {fault}");
    }

    private static string Copy(TemporaryDirectory folder, string original, string name)
    {
        LedgerUnderLoad.CopyFolder(original, folder[name]);
        return Path.Combine(folder[name], "ledger.db");
    }

    private static async Task FillAsync(string file)
    {
        string copied = file + "-open";
        await using SqliteStore store = SqliteStore.Open(Changes.Apply(new SqliteStoreOptions(copied)), TimeProvider.System);
        long now = MeteringClock.ToUnixNanoseconds(TimeProvider.System.GetUtcNow());
        for (int first = 1; first <= Records; first += RecordsPerWrite)
        {
            var write = new UsageWrite { OwnerKey = 1 + (first % 7), AccountKey = 1, ReceivedUnixNanoseconds = now };
            for (int number = first; number < first + RecordsPerWrite; number++)
            {
                ref UsageRecord record = ref write.AddRecord();
                record.Uuid = new UInt128((ulong)number * 0x9E37_79B9_7F4A_7C15, (ulong)Math.Max(2, number)); // and some again
                record.SkuKey = 1 + (number % 5);
                record.Quantity = number;
                record.HasTimestamp = true;
                (record.TimestampSeconds, long nanoseconds) = Math.DivRem(now, 1_000_000_000);
                record.TimestampNanoseconds = (int)nanoseconds;
                record.BeforeDuplicate = number % 50 == 0 ? Verdict.InvalidSkuId : Verdict.Accepted;
            }

            if (await store.Ledger.WriteAsync(write) != LedgerAnswer.Committed)
                throw new FaultsException("The ledger refused a write.");
        }

        while (store.IndexFigures.Runs == 0)
            await store.Ledger.WriteAsync(new UsageWrite { DryRun = true, OwnerKey = 1, ReceivedUnixNanoseconds = now });

        // As a crash leaves it, the log not yet copied: no checkpoint comes so early, and the index only lags behind.
        foreach (string one in Directory.EnumerateFiles(copied + ".index", "*.run"))
        {
            Directory.CreateDirectory(file + ".index");
            File.Copy(one, Path.Combine(file + ".index", Path.GetFileName(one)));
        }

        File.Copy(copied, file);
        File.Copy(copied + "-wal", file + "-wal");
    }

    private static (string Kind, bool IsCovered) Flip(string ledger, int choice, Random random)
    {
        if (choice < Rows.Length)
        {
            (string kind, string table, string column, bool isCovered) = Rows[choice];
            SqliteRow.Flip(ledger, table, column, random);
            return (kind, isCovered);
        }

        bool isRun = choice == Rows.Length;
        string file = isRun ? Directory.EnumerateFiles(ledger + ".index").Order(StringComparer.Ordinal).First() : ledger + "-wal";
        byte[] bytes = File.ReadAllBytes(file);
        bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        File.WriteAllBytes(file, bytes);
        return (isRun ? "run" : "write-ahead log", isRun); // what follows a broken frame of the log is as if it had never been written
    }

    // What was said about it, if anything, and all that can be read.
    private static async Task<(string? Said, string State)> ReadAsync(string ledger)
    {
        try
        {
            await using SqliteStore store = SqliteStore.Open(Changes.Apply(new SqliteStoreOptions(ledger)), TimeProvider.System);
            LedgerVerification verification = await store.Ledger.VerifyAsync(CancellationToken.None);
            List<CountedRecord> records = await store.Ledger.ReadRecordsAsync(CancellationToken.None).ToListAsync();
            List<HourTotal> totals = await store.Ledger.ReadTotalsAsync(HourRange.All, CancellationToken.None).ToListAsync();
            List<HourRejections> rejections = await store.Ledger.ReadRejectionsAsync(HourRange.All, CancellationToken.None).ToListAsync();
            string? said = verification.Differences.Concat(store.Opening.Notices).FirstOrDefault();
            return (said, $"{string.Join('\n', records)}{string.Join('\n', totals)}{string.Join('\n', rejections)}{store.Ledger.HighWaterUnixNanoseconds}");
        }
        catch (StoreException fault)
        {
            return (fault.Message, "");
        }
    }
}
