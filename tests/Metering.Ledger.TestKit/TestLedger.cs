namespace Metering.Ledger.TestKit;

/// <summary>A ledger with what tests ask of it over and over.</summary>
public abstract class TestLedger
{
    public const int Owner = 7;
    public const int Sku = 3;
    public const int Account = 11;

    /// <summary>Ends with the test run.</summary>
    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>The clock, which stands still until a test moves it.</summary>
    public abstract ManualTime Time { get; }

    public abstract ILedger Ledger { get; }

    public async Task<LedgerAnswer> WriteAsync(params IReadOnlyList<RecordSpec> records) => await Ledger.WriteAsync(Request(records));

    public async Task<IReadOnlyList<Verdict>> VerdictsAsync(params IReadOnlyList<RecordSpec> records) => await VerdictsAsync(Request(records));

    public async Task<IReadOnlyList<Verdict>> VerdictsAsync(UsageWrite write)
    {
        Assert.Equal(LedgerAnswer.Committed, await Ledger.WriteAsync(write));
        return VerdictsOf(write);
    }

    public static IReadOnlyList<Verdict> VerdictsOf(UsageWrite write) => [.. write.Records.ToArray().Select(record => record.Verdict)];

    /// <summary>A request as the stages before the ledger hand it over.</summary>
    public UsageWrite Request(IReadOnlyList<RecordSpec> records, bool dryRun = false, int owner = Owner)
    {
        long now = MeteringClock.ToUnixNanoseconds(Time.GetUtcNow());
        var write = new UsageWrite
        {
            DryRun = dryRun,
            OwnerKey = owner,
            AccountKey = Account,
            RequestId = new Guid(new RecordSpec(records.Count).Uuid.GetHashCode(), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
            ReceivedUnixNanoseconds = now,
        };
        foreach (RecordSpec spec in records)
        {
            ref UsageRecord record = ref write.AddRecord();
            record.Uuid = spec.Uuid;
            record.SkuKey = spec.Sku;
            record.Quantity = spec.Quantity;
            record.HasTimestamp = true;
            long timestamp = now + (spec.AgeSeconds * -1_000_000_000L);
            (record.TimestampSeconds, long nanoseconds) = Math.DivRem(timestamp, 1_000_000_000);
            record.TimestampNanoseconds = (int)nanoseconds;
            record.BeforeDuplicate = spec.Before;
            record.AfterDuplicate = spec.After;
        }

        return write;
    }

    public async Task<List<HourTotal>> TotalsAsync() => await Ledger.ReadTotalsAsync(HourRange.All, Stop).ToListAsync(Stop);

    public async Task<List<HourRejections>> RejectionsAsync() => await Ledger.ReadRejectionsAsync(HourRange.All, Stop).ToListAsync(Stop);

    /// <summary>Every accepted record, by uuid.</summary>
    public async Task<List<CountedRecord>> RecordsAsync() =>
        [.. (await Ledger.ReadRecordsAsync(Stop).ToListAsync(Stop)).OrderBy(record => record.Uuid)];

    public async Task AssertSoundAsync() => Assert.Empty((await Ledger.VerifyAsync(Stop)).Differences);
}
