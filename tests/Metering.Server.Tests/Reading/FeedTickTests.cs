using Metering.Contracts.V1;

namespace Metering.Server.Tests;

/// <summary>A watch that shows nothing tells its place all the same, every ten seconds of the server's clock, if it moved.</summary>
public class FeedTickTests
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_watch_whose_filter_leaves_everything_out_is_told_its_place_every_ten_seconds_if_it_moved()
    {
        var time = new SettableTime(new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero));
        var timers = new RingingTimers(time);
        await using RunningServer server = await RunningServer.StartAsync(time: time);
        string token = await server.TokenAsync("acme-reporter");
        await server.WriteAsync(token, server.Record());
        var request = new WatchRecordsRequest { Filter = new RecordFilter { SkuId = "acme-database-storage" } };
        await using RpcStream<WatchRecordsResponse> watch = await RpcStream<WatchRecordsResponse>.OpenAsync(server, "WatchRecords", request, token);
        WatchRecordsResponse first = await NextAsync(watch); // at the end of the past, at once
        Assert.Empty(first.Records);

        string last = first.Cursor;
        for (int round = 0; round < 3; round++)
        {
            await server.WriteAsync(token, server.Record(), server.Record()); // left out
            DateTimeOffset toldAt = time.Now;
            Task<WatchRecordsResponse> coming = NextAsync(watch);
            while (await Task.WhenAny(coming, Task.Delay(20, TestContext.Current.CancellationToken)) != coming)
                timers.Advance(TimeSpan.FromSeconds(1));
            WatchRecordsResponse tick = await coming;
            Assert.Empty(tick.Records);
            Assert.NotEqual(last, tick.Cursor);
            Assert.True(time.Now - toldAt >= Tick, $"It came after {time.Now - toldAt}.");
            last = tick.Cursor;
            Assert.Empty(await RestAsync(server, last, token)); // everything lies before the place
        }

        // Nothing moves: nothing comes, however long it takes, and the next to come is a record.
        for (int second = 0; second < 60; second++)
            timers.Advance(TimeSpan.FromSeconds(1));
        await server.WriteAsync(token, server.Record("5b3e1f60-8a54-4cf3-9a0e-1d2c3b4a5f60", sku: "acme-database-storage"));
        Assert.Equal("5b3e1f60-8a54-4cf3-9a0e-1d2c3b4a5f60", Assert.Single((await NextAsync(watch)).Records).Uuid);
        Assert.Single(await RestAsync(server, last, token)); // and who goes on from the last tick's place misses nothing
    }

    private static async Task<WatchRecordsResponse> NextAsync(RpcStream<WatchRecordsResponse> watch) =>
        Assert.IsType<WatchRecordsResponse>(await watch.NextAsync());

    private static async Task<List<AcceptedRecord>> RestAsync(RunningServer server, string cursor, string token)
    {
        await using RpcStream<WatchRecordsResponse> rest = await RpcStream<WatchRecordsResponse>.OpenAsync(
            server, "WatchRecords", new WatchRecordsRequest { Cursor = cursor, UntilEnd = true }, token);
        return [.. (await rest.RestAsync()).SelectMany(answer => answer.Records)];
    }
}
