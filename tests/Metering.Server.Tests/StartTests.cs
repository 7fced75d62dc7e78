using SQLitePCL;

namespace Metering.Server.Tests;

public sealed class StartTests
{
    [Fact]
    public async Task A_damaged_catalog_in_the_ledger_is_named_and_the_server_does_not_start()
    {
        string folder = Directory.CreateTempSubdirectory("metering-test-").FullName;
        try
        {
            await (await RunningServer.StartAsync(folder: folder)).DisposeAsync();
            Execute(Path.Combine(folder, "ledger.db"), "UPDATE catalog_object SET body = '{' WHERE key = 3");

            StartException refusal = await Assert.ThrowsAsync<StartException>(() => RunningServer.StartAsync(folder: folder));

            Assert.Contains("Object 3 of the catalog is damaged", refusal.Message);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Execute(string file, string sql)
    {
        Assert.Equal(raw.SQLITE_OK, raw.sqlite3_open(file, out sqlite3 database));
        using (database)
            Assert.Equal(raw.SQLITE_OK, raw.sqlite3_exec(database, sql));
    }
}
