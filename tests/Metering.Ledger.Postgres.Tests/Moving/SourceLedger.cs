using Metering.Ledger.Sqlite;
using Metering.Server;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>A data directory with a ledger that has seen everything: the source of a move.</summary>
internal sealed class SourceLedger : IAsyncDisposable
{
    public const string IamKey = "key-1";

    private readonly string _folder = Directory.CreateTempSubdirectory("metering-source-").FullName;
    private readonly Random _random;

    private SourceLedger(int seed) => _random = new Random(seed);

    public string Folder => _folder;

    public string LedgerFile => Path.Combine(_folder, "ledger.db");

    public ManualTime Time { get; } = new();

    /// <summary>Every record that was ever sent, accepted or not.</summary>
    public HashSet<long> Sent { get; } = [];

    public string AdminToken => Server.AdminToken.LoadOrCreate(_folder).Read();

    public static async Task<SourceLedger> MakeAsync(int seed, int requests = 60)
    {
        var source = new SourceLedger(seed);
        _ = source.AdminToken;
        await source.ServeAsync(requests, store => FurnishAsync(store, source.Time.GetUtcNow()));
        return source;
    }

    /// <summary>Opens the ledger, sends random requests, and closes it.</summary>
    public async Task ServeAsync(int requests, Func<IMeteringStore, Task>? alsoDo = null)
    {
        await using StoreUnderTest store = await OpenAsync();
        if (alsoDo is not null)
            await alsoDo(store.Store);
        for (int request = 0; request < requests; request++)
        {
            if (_random.Next(10) == 0)
                Time.Advance(TimeSpan.FromMinutes(_random.Next(1, 90)));
            await store.WriteAsync(Request());
        }

        // One record is corrected, and its correction too.
        if (requests > 0 && (await store.RecordsAsync()).FirstOrDefault() is { Quantity: > 0 } record)
        {
            foreach (long quantity in new[] { _random.Next(1, 1000), long.MaxValue })
                await store.Store.Corrections.AddAsync(new CorrectionOrder(Guid.NewGuid(), record, quantity, "Grund «ü»", "ann", 7), TestLedger.Stop);
            RecordPage page = await store.Store.Records.ReadAsync(LedgerCursor.Start, 37, TestLedger.Stop);
            await store.Store.Consumers.SaveAsync("scope ü", new ConsumerPlace("billing", page.Next, 5), null, TestLedger.Stop);
        }
    }

    public Task<StoreUnderTest> OpenAsync() => StoreUnderTest.OpenAsync(new FilePlace(LedgerFile), new StoreShape(), Time);

    /// <summary>What the ledger holds, as its own readers tell.</summary>
    public async Task<LedgerPicture> ReadAsync()
    {
        await using StoreUnderTest store = await OpenAsync();
        return await LedgerPicture.TakeAsync(store);
    }

    /// <summary>Damages the batch that holds a record, behind the store's back.</summary>
    public void Damage(UInt128 uuid)
    {
        byte[] file = File.ReadAllBytes(LedgerFile);
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, uuid);
        int place = file.AsSpan().IndexOf(bytes);
        Assert.True(place > 0);
        file[place] ^= 1;
        File.WriteAllBytes(LedgerFile, file);
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private static async Task FurnishAsync(IMeteringStore store, DateTimeOffset now)
    {
        await store.Catalog.ApplyAsync(
            0,
            [
                new(new Publisher("acme", "Издатель \"A\""), false),
                new(new Product("database", "Database", "acme", ProductKind.Instance, Active: true), false),
                new(new Sku("core-hours", "Core hours", "database", "core*hour", Active: true), false),
                new(new Customer("customer", "Customer", Suspended: true), false),
                new(new ProductInstance("first", "database", "customer", Active: true), false),
                new(new ServiceAccount("reporter", "Reporter", "acme", null, [ServiceAccount.MeteringAgent]), false),
                new(new AuthorizedKey(IamKey, "reporter", now.AddTicks(1), "RSA_2048", "-----BEGIN\nPUBLIC KEY-----", Declared: false), false),
                new(new Publisher("gone", "Gone"), true),
            ],
            TestLedger.Stop);
        await store.Catalog.ApplyAsync(1, [new(new Publisher("acme", "New name"), false)], TestLedger.Stop);
        foreach (int number in new[] { 1, 2 })
            await store.Credentials.AddSigningKeyAsync(new SigningKey($"signing-{number}", now.AddTicks(number), [(byte)number, 2, 3]), TestLedger.Stop);
        await store.Rejections.NoteReplayAsync(new RejectedReplay(Guid.NewGuid(), 7, "ann", "Grund «ü»", IsAsOfReceipt: true));
        await store.Credentials.RevokeAsync(new RevokedToken("revoked", now.AddHours(5).AddTicks(3)), TestLedger.Stop);
    }

    // Doubles, old and refused ones, sums beyond 64 bits, several owners, SKUs and hours.
    private RecordSpec[] Request()
    {
        var records = new RecordSpec[_random.Next(1, 26)];
        for (int place = 0; place < records.Length; place++)
        {
            records[place] = new RecordSpec(
                _random.Next(1, 2000),
                _random.Next(4) == 0 ? long.MaxValue - _random.Next(5) : _random.Next(1, 1000),
                _random.Next(1, 4),
                _random.Next(-60, 20_000),
                _random.Next(10) == 0 ? (Verdict)_random.Next(1, 4) : Verdict.Accepted,
                _random.Next(5) == 0 ? (Verdict)_random.Next(5, 8) : Verdict.Accepted);
            Sent.Add(records[place].Id);
        }

        return records;
    }

    private sealed class FilePlace(string file) : StorePlace
    {
        public override Task<IMeteringStore> OpenAsync(StoreShape shape, TimeProvider time) =>
            Task.FromResult<IMeteringStore>(SqliteStore.Open(new SqliteStoreOptions(file), time));

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

/// <summary>Everything that a ledger tells of itself, in a form that can be compared.</summary>
internal sealed record LedgerPicture(
    List<CountedRecord> Records, List<HourTotal> Totals, List<HourRejections> Rejections, List<Correction> Corrections, string Catalog, string Credentials, long HighWater)
{
    public required List<RejectedRecord> Rejected { get; init; }

    public required List<RejectedReplay> Replays { get; init; }

    public required long DroppedRejections { get; init; }

    public static async Task<LedgerPicture> TakeAsync(StoreUnderTest store)
    {
        StoredCatalog catalog = await store.Store.Catalog.ReadAsync(TestLedger.Stop);
        IReadOnlyList<SigningKey> keys = await store.Store.Credentials.ReadSigningKeysAsync(TestLedger.Stop);
        IReadOnlyList<RevokedToken> revoked = await store.Store.Credentials.ReadRevokedTokensAsync(store.Time.GetUtcNow().AddDays(-1), TestLedger.Stop);
        return new LedgerPicture(
            await store.RecordsAsync(),
            await store.TotalsAsync(),
            await store.RejectionsAsync(),
            await store.Store.Corrections.ReadAsync(CorrectionRange.All, TestLedger.Stop).ToListAsync(TestLedger.Stop),
            $"{catalog.Version}\n" + string.Join('\n', catalog.Objects.Select(stored => $"{stored.Key} {stored.Object.Kind} {stored.Retired} {CatalogBodies.Write(stored.Object)}")),
            string.Join('\n', keys.Select(key => $"{key.Id} {key.CreatedAt.UtcTicks} {Convert.ToHexString(key.PrivateKey)}"))
                + string.Join('\n', revoked.Select(token => $"{token.TokenId} {token.ExpiresAt.UtcTicks}")),
            store.Ledger.HighWaterUnixNanoseconds)
        {
            Rejected = await RejectedAsync(store.Store.Rejections),
            Replays = [.. await store.Store.Rejections.ReadReplaysAsync(TestLedger.Stop)],
            DroppedRejections = (await store.Store.Rejections.ReadFiguresAsync(TestLedger.Stop)).DroppedRecords,
        };
    }

    private static async Task<List<RejectedRecord>> RejectedAsync(IRejectedRecords rejections)
    {
        var found = new List<RejectedRecord>();
        for (ReadOnlyMemory<byte>? place = ReadOnlyMemory<byte>.Empty; place is { } after;)
        {
            RejectedPage page = await rejections.SearchAsync(RejectedQuestion.All, after, 100, TestLedger.Stop);
            found.AddRange(page.Records);
            place = page.Next;
        }

        return [.. found.OrderBy(record => record.ToString(), StringComparer.Ordinal)]; // many were received in one moment
    }

    public void AssertSame(LedgerPicture other)
    {
        Assert.Equal(Records, other.Records);
        Assert.Equal(Totals, other.Totals);
        Assert.Equal(Rejections, other.Rejections);
        Assert.Equal(Rejected, other.Rejected);
        Assert.Equal(Replays, other.Replays);
        Assert.Equal(DroppedRejections, other.DroppedRejections);
        Assert.Equal(Corrections, other.Corrections);
        Assert.Equal(Catalog, other.Catalog);
        Assert.Equal(Credentials, other.Credentials);
        Assert.Equal(HighWater, other.HighWater);
    }
}
