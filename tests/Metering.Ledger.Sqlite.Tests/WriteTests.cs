namespace Metering.Ledger.Sqlite.Tests;

public sealed class WriteTests
{
    [Fact]
    public async Task No_more_requests_than_a_group_holds_are_in_one_commit()
    {
        await using var store = new TestStore(options => options with { GroupRequests = 3 });
        using var hold = new ManualResetEventSlim();
        Task held = store.Store.ChangeAsync(_ => hold.Wait());
        Task<LedgerAnswer>[] answers = [.. Enumerable.Range(1, 7).Select(id => store.WriteAsync(id))];
        hold.Set();
        await held;
        Assert.All(await Task.WhenAll(answers), answer => Assert.Equal(LedgerAnswer.Committed, answer));
        await store.Store.ChangeAsync(database =>
        {
            Assert.Equal(3, database.QueryNumber("SELECT count(*) FROM batch"));
            Assert.Equal(1, database.QueryNumber("SELECT records FROM batch ORDER BY number DESC LIMIT 1"));
        });
    }

    [Fact]
    public async Task A_full_queue_answers_at_once()
    {
        await using var store = new TestStore(options => options with { QueueRequests = 4, GroupRequests = 1 });
        using var hold = new ManualResetEventSlim();
        Task held = store.Store.ChangeAsync(_ => hold.Wait());
        Task<LedgerAnswer>[] answers = [.. Enumerable.Range(1, 6).Select(id => store.WriteAsync(id))];
        Assert.Equal([false, false, false, false, true, true], answers.Select(answer => answer.IsCompleted));
        Assert.Equal(4, store.Store.QueuedRequests);
        hold.Set();
        await held;
        LedgerAnswer[] expected = [.. Enumerable.Repeat(LedgerAnswer.Committed, 4), LedgerAnswer.QueueFull, LedgerAnswer.QueueFull];
        Assert.Equal(expected, await Task.WhenAll(answers));
        Assert.Equal(LedgerAnswer.Committed, await store.WriteAsync(7));
        Assert.Equal(5, (await store.RecordsAsync()).Count);
    }

    [Fact]
    public async Task Closing_finishes_what_waits_and_refuses_what_comes_later()
    {
        await using var store = new TestStore();
        ILedger ledger = store.Ledger;
        using var hold = new ManualResetEventSlim();
        Task held = store.Store.ChangeAsync(_ => hold.Wait());
        Task<LedgerAnswer>[] waiting = [.. Enumerable.Range(1, 50).Select(id => store.WriteAsync(id))];
        UsageWrite late = store.Request([51]);
        Task closing = store.CloseAsync();
        hold.Set();
        await closing;
        await held;
        Assert.All(await Task.WhenAll(waiting), answer => Assert.Equal(LedgerAnswer.Committed, answer));
        Assert.Equal(LedgerAnswer.Closing, await ledger.WriteAsync(late));
        Assert.Equal(50, (await store.RecordsAsync()).Count);
    }
}
