namespace Metering.Ledger.Sqlite.Tests;

/// <summary>Changes other than records take turns with the groups, however fast they come.</summary>
public sealed class WriterJobsTests
{
    [Fact]
    public async Task A_change_that_comes_while_others_are_made_waits_for_the_next_turn()
    {
        await using var store = new TestStore();
        _ = store.Store;
        await store.CloseAsync();
        store.Edit("CREATE TABLE made(number INTEGER) STRICT");
        using Database database = Database.OpenForWriting(store.Path);
        var jobs = new WriterJobs();
        Task next = Task.CompletedTask;
        Task first = jobs.Add(
            made =>
            {
                made.Execute("INSERT INTO made VALUES(1)");
                next = jobs.Add(Second, CancellationToken.None);
                return true;
            },
            CancellationToken.None);
        jobs.RunAll(database);
        await first;
        Assert.False(next.IsCompleted); // a group goes before it
        Assert.True(jobs.IsWaiting);
        jobs.RunAll(database);
        await next;
        Assert.Equal(2, database.QueryNumber("SELECT count(*) FROM made"));

        static bool Second(Database made)
        {
            made.Execute("INSERT INTO made VALUES(2)");
            return true;
        }
    }
}
