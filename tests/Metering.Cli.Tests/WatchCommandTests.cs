using Metering.Client.Tests;
using Metering.Contracts.V1;

namespace Metering.Cli.Tests;

public sealed class WatchCommandTests : IDisposable
{
    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public async Task Records_are_lines_and_the_place_after_them_is_told()
    {
        await using ScriptedServer server = await StartAsync([]);

        Outcome json = await _line.RunAsync(server, "watch", "--until-end", "--output", "jsonl", "--cursor", "c0", "--sku", "s");
        Outcome table = await _line.RunAsync(server, "watch", "--until-end");

        Assert.Equal((0, 0), (json.ExitCode, table.ExitCode));
        Assert.Equal(SampleRecords.FirstAsJson, json.Output.Split('\n')[0]);
        Assert.Equal(3, json.Output.Split('\n').Length);
        Assert.Equal("To go on from here: --cursor c2\n", json.Error);
        Assert.Contains("00000000-0000-4000-8000-000000000002  p1 of b1  s1  2 say \"GB\"\n", table.Output);
        Assert.Equal(
            [("c0", "s", true), ("", "", true)],
            Requests(server).Select(request => (request.Cursor, request.Filter.SkuId, request.UntilEnd)));
    }

    [Theory]
    [InlineData(null, "", "start")]
    [InlineData("c0", "c0", "c0")]
    public async Task A_consumers_place_is_where_it_begins_and_moves_on_after_what_was_written(string? kept, string begin, string expected)
    {
        await using ScriptedServer server = await StartAsync(kept is null ? [] : [new FeedConsumer { Name = "other", Cursor = "x" }, new FeedConsumer { Name = "billing", Cursor = kept }]);

        Outcome outcome = await _line.RunAsync(server, "watch", "--until-end", "--consumer", "billing", "--output", "jsonl");

        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        Assert.Equal(begin, Assert.Single(Requests(server)).Cursor);
        Assert.Equal(
            [("billing", "c1", expected), ("billing", "c2", "c1")],
            server.Exchanges.Where(exchange => exchange.Method == "UsageService/SaveConsumer").Select(exchange => exchange.Read(SaveConsumerRequest.Parser))
                .Select(request => (request.Name, request.Cursor, request.ExpectedCursor)));
    }

    [Fact]
    public async Task Of_two_consumers_of_one_name_one_ends()
    {
        await using ScriptedServer server = await StartAsync([]);
        Func<Exchange, CannedAnswer> script = server.Script;
        server.Script = exchange => exchange.Method == "UsageService/SaveConsumer" ? ScriptedServer.Fail(10, "another") : script(exchange);

        Outcome outcome = await _line.RunAsync(server, "watch", "--consumer", "billing");

        Assert.Equal(3, outcome.ExitCode);
        Assert.Contains("Another consumer goes on under the name billing", outcome.Error);
    }

    [Fact]
    public async Task An_interrupted_watch_ends_as_every_command_does()
    {
        await using ScriptedServer server = await StartAsync([], ScriptedServer.Hang());
        using var stop = new CancellationTokenSource();
        _line.Interrupted = stop.Token;

        Task<Outcome> running = _line.RunAsync(server, "watch");
        while (server.Exchanges.Count == 0)
            await Task.Delay(10, TestContext.Current.CancellationToken);
        await _sent.Task.WaitAsync(TestContext.Current.CancellationToken);
        await stop.CancelAsync();

        Assert.Equal(130, (await running).ExitCode);
    }

    [Fact]
    public async Task Two_places_to_begin_at_are_refused()
    {
        await using ScriptedServer server = await StartAsync([]);
        Outcome outcome = await _line.RunAsync(server, "watch", "--cursor", "c", "--consumer", "n");
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("Pass either --cursor or --consumer", outcome.Error);
    }

    [Fact]
    public async Task Consumers_are_listed_and_forgotten()
    {
        var saved = new Google.Protobuf.WellKnownTypes.Timestamp { Seconds = 1_769_817_600 };
        await using ScriptedServer server = await StartAsync([new FeedConsumer { Name = "billing", Cursor = "c1", Saved = saved }]);

        Outcome table = await _line.RunAsync(server, "consumers", "list");
        Outcome json = await _line.RunAsync(server, "consumers", "list", "--output", "json");
        Outcome gone = await _line.RunAsync(server, "consumers", "delete", "billing");

        Assert.Equal("name     saved                 cursor\nbilling  2026-01-31T00:00:00Z  c1\n", table.Output);
        Assert.Contains("\"cursor\": \"c1\"", json.Output);
        Assert.Equal(new Outcome(0, "The place of billing is forgotten.\n", ""), gone);
        Assert.Equal("billing", server.Exchanges[^1].Read(DeleteConsumerRequest.Parser).Name);
    }

    private readonly TaskCompletionSource _sent = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static IEnumerable<WatchRecordsRequest> Requests(ScriptedServer server) => server.Exchanges
        .Where(exchange => exchange.Method == "UsageService/WatchRecords").Select(exchange => exchange.Read(WatchRecordsRequest.Parser));

    private async Task<ScriptedServer> StartAsync(FeedConsumer[] consumers, CannedAnswer? end = null)
    {
        ScriptedServer server = await ScriptedServer.StartAsync();
        WatchRecordsResponse[] batches =
        [
            new() { Cursor = "c1", Records = { SampleRecords.First } }, new() { Cursor = "c2", Records = { SampleRecords.OfImage } }, new() { Cursor = "c2" },
        ];
        server.Script = exchange => exchange.Method switch
        {
            "UsageService/ListConsumers" => ScriptedServer.Reply(new ListConsumersResponse { Consumers = { consumers } }),
            "UsageService/SaveConsumer" => ScriptedServer.Reply(new SaveConsumerResponse { Consumer = new FeedConsumer() }),
            "UsageService/DeleteConsumer" => ScriptedServer.Reply(new DeleteConsumerResponse()),
            _ when end is null => ScriptedServer.Stream(batches),
            _ => ScriptedServer.StreamThen(
                context =>
                {
                    _sent.SetResult();
                    return end(context);
                },
                batches),
        };
        return server;
    }
}
