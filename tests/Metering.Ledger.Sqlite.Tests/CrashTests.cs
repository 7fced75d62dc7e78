namespace Metering.Ledger.Sqlite.Tests;

public sealed class CrashTests
{
    // What a killed process leaves behind: the files as they are at one moment. No checkpoint comes so early, so that the
    // file stands still while the log, copied after it, grows.
    [Fact]
    public async Task A_copy_of_the_files_taken_while_writing_has_everything_acknowledged_before()
    {
        await using var store = new TestStore(options => options with { CheckpointIdle = TimeSpan.FromHours(1) });
        string directory = Path.GetDirectoryName(store.Path)!;
        SqliteStore opened = store.Store;
        using var done = new CancellationTokenSource();
        int[] acknowledged = new int[4];
        Task[] writers = [.. Enumerable.Range(0, acknowledged.Length).Select(writer => Task.Run(async () =>
        {
            for (int number = 1; !done.IsCancellationRequested; number++)
            {
                Assert.Equal(LedgerAnswer.Committed, await store.WriteAsync(Id(writer, number)));
                Volatile.Write(ref acknowledged[writer], number);
            }
        }, TestStore.Stop))];

        var recovered = new List<long>();
        for (int copy = 0; copy < 5; copy++)
        {
            while (acknowledged.Any(number => Volatile.Read(ref number) < 20 * (copy + 1)))
                await Task.Delay(5, TestStore.Stop);
            int[] before = [.. acknowledged];
            string path = Path.Combine(directory, $"copy{copy}.db");
            File.Copy(store.Path, path);
            File.Copy(store.Path + "-wal", path + "-wal");

            await using SqliteStore crashed = SqliteStore.Open(new SqliteStoreOptions(path), store.Time);
            recovered.Add(crashed.Opening.RecoveredBytes);
            HashSet<UInt128> kept = [.. await crashed.Ledger.ReadRecordsAsync(TestStore.Stop).Select(record => record.Uuid).ToListAsync(TestStore.Stop)];
            for (int writer = 0; writer < before.Length; writer++)
            {
                for (int number = 1; number <= before[writer]; number++)
                    Assert.Contains(new RecordSpec(Id(writer, number)).Uuid, kept);
            }

            Assert.Empty((await crashed.Ledger.VerifyAsync(TestStore.Stop)).Differences);
            UsageWrite retry = store.Request([Id(0, before[0])]);
            Assert.Equal(LedgerAnswer.Committed, await crashed.Ledger.WriteAsync(retry));
            Assert.Equal(Verdict.Duplicate, retry.Records[0].Verdict);
        }

        await done.CancelAsync();
        await Task.WhenAll(writers);
        Assert.All(recovered, bytes => Assert.True(bytes > 0));
        Assert.Equal(0, opened.Opening.RecoveredBytes);
    }

    private static int Id(int writer, int number) => (number * 4) + writer;
}
