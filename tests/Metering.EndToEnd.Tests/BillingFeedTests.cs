using System.Diagnostics;

namespace Metering.EndToEnd.Tests;

/// <summary>A billing system on the feed alone: whatever is killed, and whenever, its invoice is what was counted.</summary>
public sealed class BillingFeedTests : IDisposable
{
    private const int RecordsPerSecond = 5_000;
    private const int Rounds = 3;
    private const int Seed = 20_260_101;

    private readonly TemporaryDirectory _folder = new();
    private readonly Random _random = new(Seed);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_invoice_is_what_was_counted_whenever_consumer_and_server_are_killed()
    {
        LedgerUnderLoad ledger = await PrepareAsync();
        var consumer = new BillingFeedProcess(_folder["invoice.json"], isCareless: false);
        for (int round = 0; round < Rounds; round++)
        {
            await using MeteringProcess server = await ledger.StartAsync();
            using LoadProcess load = await ledger.LoadAsync(server, RecordsPerSecond);
            await consumer.RunAndKillAsync(server, Moment());
            using (Process living = consumer.Start(server))
            {
                await Task.Delay(Moment(), TestContext.Current.CancellationToken);
                await server.KillAsync();
                await Task.Delay(Moment(), TestContext.Current.CancellationToken);
                living.Kill(); // while it looks for its server
                await living.WaitForExitAsync(TestContext.Current.CancellationToken);
            }

            ledger.Note(await load.EndAsync());
        }

        await using MeteringProcess last = await ledger.StartAsync();
        await consumer.CatchUpAsync(last);
        string[] totals = await BillingFeedProcess.TotalsAsync(last);
        Assert.NotEmpty(totals);
        Assert.Equal(totals, consumer.Lines());
        Assert.True(ledger.Acknowledged.Count <= totals.Sum(line => long.Parse(line[(line.LastIndexOf(' ') + 1)..])));
    }

    [Fact]
    public async Task Control_a_consumer_that_saves_its_place_before_its_invoice_is_found_out()
    {
        LedgerUnderLoad ledger = await PrepareAsync();
        var consumer = new BillingFeedProcess(_folder["invoice.json"], isCareless: true);
        await using MeteringProcess server = await ledger.StartAsync();
        using (LoadProcess load = await ledger.LoadAsync(server, RecordsPerSecond))
            await consumer.RunAndKillAsync(server, TimeSpan.Zero);
        await consumer.CatchUpAsync(server);

        Assert.NotEqual(await BillingFeedProcess.TotalsAsync(server), consumer.Lines());
    }

    private async Task<LedgerUnderLoad> PrepareAsync()
    {
        await LedgerUnderLoad.PrepareAsync(_folder, _folder["data"]);
        return new LedgerUnderLoad(_folder, _folder["data"], new StoreChanges());
    }

    private TimeSpan Moment() => TimeSpan.FromMilliseconds(_random.Next(300));
}
