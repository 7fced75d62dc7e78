namespace Metering.Ledger.Sqlite.Tests;

/// <summary>The embedded store keeps the contract of every store.</summary>
public sealed class SqliteContract : StoreContract
{
    protected override bool IsArrivalOrderKept => true;

    protected override Task<StorePlace> MakePlaceAsync() => Task.FromResult<StorePlace>(new FilePlace());

    protected override Task SettleAsync(IMeteringStore store) => ((SqliteStore)store).RollUpAsync(Stop);

    /// <summary>A directory of its own.</summary>
    internal sealed class FilePlace : StorePlace
    {
        private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("metering-sqlite-");

        public override Task<IMeteringStore> OpenAsync(StoreShape shape, TimeProvider time)
        {
            var options = new SqliteStoreOptions(Path.Combine(_directory.FullName, "ledger.db"))
            {
                GroupRequests = Math.Min(shape.GroupRequests, shape.QueueRequests),
                QueueRequests = shape.QueueRequests,
                Rejections = shape.Rejections,
            };
            int rare = shape.Seed % 4;
            if (rare != 0)
                options = options with { IndexRecentUuids = 1 + (rare * 15), IndexFanIn = 2 + (shape.Seed % 3) }; // sealing and merging all the time
            return Task.FromResult<IMeteringStore>(SqliteStore.Open(options, time));
        }

        public override ValueTask DisposeAsync()
        {
            _directory.Delete(recursive: true);
            return ValueTask.CompletedTask;
        }
    }
}

/// <summary>The embedded store keeps what every store promises of reading records.</summary>
public sealed class SqliteRecordsContract : RecordsContract
{
    protected override Task<StorePlace> MakePlaceAsync() => Task.FromResult<StorePlace>(new SqliteContract.FilePlace());
}
