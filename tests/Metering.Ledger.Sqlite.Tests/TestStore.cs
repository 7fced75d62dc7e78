namespace Metering.Ledger.Sqlite.Tests;

/// <summary>A store in a directory of its own, with a clock that stands still until a test moves it.</summary>
internal sealed class TestStore : IAsyncDisposable
{
    public const int Owner = 7;
    public const int Sku = 3;
    public const int Account = 11;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("metering-sqlite-");
    private readonly Func<SqliteStoreOptions, SqliteStoreOptions> _configure;
    private SqliteStore? _store;

    public TestStore(Func<SqliteStoreOptions, SqliteStoreOptions>? configure = null) => _configure = configure ?? (options => options);

    /// <summary>Ends with the test run.</summary>
    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ManualTime Time { get; } = new();

    public string Path => System.IO.Path.Combine(_directory.FullName, "ledger.db");

    public SqliteStoreOptions Options => _configure(new SqliteStoreOptions(Path));

    public SqliteStore Store => _store ??= SqliteStore.Open(Options, Time);

    public ILedger Ledger => Store.Ledger;

    public async Task CloseAsync()
    {
        if (_store is not null)
            await _store.DisposeAsync();
        _store = null;
    }

    public async Task<SqliteStore> RestartAsync()
    {
        await CloseAsync();
        return Store;
    }

    /// <summary>Changes the file behind the store's back, while it is closed.</summary>
    public void Edit(string sql)
    {
        using Database database = Database.OpenForWriting(Path);
        database.Execute(sql);
        if (database.QueryText("PRAGMA journal_mode") == "wal")
            database.Checkpoint(SQLitePCL.raw.SQLITE_CHECKPOINT_TRUNCATE);
    }

    public async Task<LedgerAnswer> WriteAsync(params IReadOnlyList<RecordSpec> records) => await Ledger.WriteAsync(Request(records));

    public async Task<IReadOnlyList<Verdict>> VerdictsAsync(params IReadOnlyList<RecordSpec> records) => await VerdictsAsync(Request(records));

    public async Task<IReadOnlyList<Verdict>> VerdictsAsync(UsageWrite write)
    {
        Assert.Equal(LedgerAnswer.Committed, await Ledger.WriteAsync(write));
        return [.. write.Records.ToArray().Select(record => record.Verdict)];
    }

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

    public async Task<List<HourTotal>> TotalsAsync() => await Ledger.ReadTotalsAsync(HourRange.All, TestStore.Stop).ToListAsync(TestStore.Stop);

    public async Task<List<HourRejections>> RejectionsAsync() => await Ledger.ReadRejectionsAsync(HourRange.All, TestStore.Stop).ToListAsync(TestStore.Stop);

    public async Task<List<CountedRecord>> RecordsAsync() => await Ledger.ReadRecordsAsync(TestStore.Stop).ToListAsync(TestStore.Stop);

    public async Task AssertSoundAsync() => Assert.Empty((await Ledger.VerifyAsync(TestStore.Stop)).Differences);

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _directory.Delete(recursive: true);
    }
}

/// <summary>A record in a test: a small number stands for its uuid.</summary>
internal sealed record RecordSpec(
    long Id, long Quantity = 1, int Sku = TestStore.Sku, int AgeSeconds = 0, Verdict Before = Verdict.Accepted, Verdict After = Verdict.Accepted)
{
    public UInt128 Uuid => new((ulong)Id * 0x9E37_79B9_7F4A_7C15, (ulong)Id);

    public static implicit operator RecordSpec(int id) => new((long)id);
}

/// <summary>A clock that a test moves; its timers ring when the test says so.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly List<(Action Ring, long DueTicks)> _timers = [];
    private long _ticks = new DateTimeOffset(2026, 3, 1, 12, 30, 0, TimeSpan.Zero).UtcTicks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => new(Volatile.Read(ref _ticks), TimeSpan.Zero);

    public override long GetTimestamp() => Volatile.Read(ref _ticks);

    public void Advance(TimeSpan step) => Interlocked.Add(ref _ticks, step.Ticks);

    public void RunTimers()
    {
        lock (_timers)
        {
            foreach ((Action ring, long _) in _timers.Where(timer => timer.DueTicks <= Volatile.Read(ref _ticks)))
                ring();
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        lock (_timers)
            _timers.Add((() => callback(state), Volatile.Read(ref _ticks) + dueTime.Ticks));
        return new Timer();
    }

    private sealed class Timer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
