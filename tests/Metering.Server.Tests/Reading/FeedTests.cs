using System.Net;
using System.Text.Json.Nodes;
using Metering.Contracts.V1;

namespace Metering.Server.Tests;

/// <summary>The feed as a billing system follows it: live and from the past, each record once, its place kept.</summary>
public class FeedTests
{
    private const string Read = "/metering/v1/feed:read";
    private const string Consumers = "/metering/v1/feed/consumers";

    [Theory]
    [InlineData(null)]
    [InlineData(RecordHistory.Publisher)]
    [InlineData(RecordHistory.Customer)]
    [InlineData(RecordHistory.Rival)]
    public async Task Who_watches_gets_the_past_and_then_what_is_written_each_record_once(string? caller)
    {
        await using RecordHistory history = await RecordHistory.StartAsync(requests: 15);
        var seen = new List<AcceptedRecord>();
        string cursor = "";
        for (int round = 0; round < 3; round++)
        {
            await using RpcStream<WatchRecordsResponse> watch = await RpcStream<WatchRecordsResponse>.OpenAsync(
                history.Server, "WatchRecords", new WatchRecordsRequest { Cursor = cursor, PageSize = 4 }, await history.TokenAsync(caller));
            Task writing = history.WriteAsync(requests: 10); // while the past is read
            await writing;
            int expected = history.SeenBy(caller).Count();
            while (seen.Count < expected)
            {
                WatchRecordsResponse answer = Assert.IsType<WatchRecordsResponse>(await watch.NextAsync());
                Assert.InRange(answer.Records.Count, 0, 4);
                seen.AddRange(answer.Records);
                cursor = answer.Cursor;
            }

            // Live: the reader waits, and a record comes.
            while (history.SeenBy(caller).Count() == expected)
                await history.WriteAsync(requests: 1);
            while (seen.Count < history.SeenBy(caller).Count())
            {
                WatchRecordsResponse answer = Assert.IsType<WatchRecordsResponse>(await watch.NextAsync());
                seen.AddRange(answer.Records);
                cursor = answer.Cursor;
            }
        }

        Assert.Equal(history.SeenBy(caller).Select(record => record.Uuid), seen.Select(record => record.Uuid));
        Assert.Equal(history.SeenBy(caller).Select(record => record.Quantity), seen.Select(record => record.Quantity));
    }

    [Fact]
    public async Task A_watch_until_the_end_ends_and_says_the_place_even_when_it_shows_nothing()
    {
        await using RecordHistory history = await RecordHistory.StartAsync(requests: 10);
        var request = new WatchRecordsRequest { UntilEnd = true, PageSize = 7, Filter = new RecordFilter { SkuId = "rival-sku" } };
        List<WatchRecordsResponse> answers = await WatchAsync(history, request);
        Assert.Equal(
            history.Written.Where(record => record.Sku == "rival-sku").Select(record => record.Uuid),
            answers.SelectMany(answer => answer.Records).Select(record => record.Uuid));

        request.Filter.SkuId = "no-such-sku";
        Assert.Equal(answers[^1].Cursor, Assert.Single(await WatchAsync(history, request)).Cursor);
        request.Cursor = answers[^1].Cursor;
        Assert.Empty(Assert.Single(await WatchAsync(history, request)).Records); // nothing new: only the place, once
        await history.WriteAsync(requests: 3);
        request.Filter = null;
        Assert.Equal(
            history.Written[^(await WatchAsync(history, request)).Sum(answer => answer.Records.Count)..].Select(record => record.Uuid),
            (await WatchAsync(history, request)).SelectMany(answer => answer.Records).Select(record => record.Uuid));
    }

    [Fact]
    public async Task A_server_that_stops_ends_a_watch_and_a_wait_and_their_places_go_on_afterwards()
    {
        await using RecordHistory history = await RecordHistory.StartAsync(requests: 5);
        await using RpcStream<WatchRecordsResponse> watch = await RpcStream<WatchRecordsResponse>.OpenAsync(
            history.Server, "WatchRecords", new WatchRecordsRequest(), history.Server.AdminToken);
        string cursor = (await watch.NextAsync())!.Cursor;
        (HttpStatusCode status, JsonNode body) = await history.Server.PostAsync(Read, new JsonObject { ["cursor"] = cursor }, history.Server.AdminToken);
        Assert.True((bool)body["atEnd"]!, status.ToString());
        await history.RestartAsync();
        Assert.Null(await watch.NextAsync());
        Assert.Equal((14, "the server is stopping"), (watch.Status, watch.Message));
        await history.WriteAsync(requests: 1);
        Assert.Equal(
            history.Written.Skip(history.Written.Count - Records(await history.CallAsync(Read, new JsonObject { ["cursor"] = cursor })).Count).Select(record => record.Line),
            Records(await history.CallAsync(Read, new JsonObject { ["cursor"] = cursor })));
    }

    [Fact]
    public async Task Reading_waits_for_the_next_record_as_long_as_it_is_asked_to()
    {
        await using RecordHistory history = await RecordHistory.StartAsync(requests: 5);
        string cursor = (string)(await history.CallAsync(Read, []))["cursor"]!;
        JsonNode none = await history.CallAsync(Read, new JsonObject { ["cursor"] = cursor, ["wait"] = "0.02s" });
        Assert.Equal((cursor, true, 0), ((string)none["cursor"]!, (bool)none["atEnd"]!, Records(none).Count));
        Task<JsonNode> waiting = history.CallAsync(Read, new JsonObject { ["cursor"] = cursor, ["wait"] = "60s" });
        await history.WriteAsync(requests: 1);
        JsonNode some = await waiting;
        Assert.Equal(history.Written.Select(record => record.Line).TakeLast(Records(some).Count), Records(some));
        Assert.NotEmpty(Records(some));
    }

    [Fact]
    public async Task A_wait_longer_than_allowed_is_refused()
    {
        await using RecordHistory history = await RecordHistory.StartAsync(requests: 1);
        Assert.Equal(TimeSpan.FromSeconds(60), Ledger.Limits.FeedWait);
        foreach (string wait in new[] { "60.000000001s", "-1s" })
            Assert.Equal(("wait", "must be 0 to 60 s"), Assert.Single(await history.FaultsAsync(Read, new JsonObject { ["wait"] = wait })));
        Assert.NotEmpty(Records(await history.CallAsync(Read, new JsonObject { ["wait"] = "60s" }))); // there are some: nobody waits
    }

    [Fact]
    public async Task A_consumer_goes_on_where_it_was_saved_and_of_two_only_one_does()
    {
        await using RecordHistory history = await RecordHistory.StartAsync(requests: 10);
        JsonNode first = await history.CallAsync(Read, new JsonObject { ["consumer"] = "billing-1.a_b", ["pageSize"] = 6 }, RecordHistory.Publisher);
        var save = new JsonObject { ["name"] = "billing-1.a_b", ["cursor"] = (string)first["cursor"]!, ["expectedCursor"] = "start" };
        JsonNode saved = await history.CallAsync(Consumers, save, RecordHistory.Publisher);
        Assert.Equal((string)first["cursor"]!, (string)saved["consumer"]!["cursor"]!);
        (HttpStatusCode status, JsonNode body) = await history.Server.PostAsync(Consumers, save.DeepClone(), await history.TokenAsync(RecordHistory.Publisher));
        Assert.Equal((HttpStatusCode.Conflict, 10), (status, (int)body["code"]!));
        Assert.Contains("billing-1.a_b", (string)body["message"]!);
        await history.RestartAsync();

        JsonNode second = await history.CallAsync(Read, new JsonObject { ["consumer"] = "billing-1.a_b" }, RecordHistory.Publisher);
        Assert.Equal(history.SeenBy(RecordHistory.Publisher).Select(record => record.Line), Records(first).Concat(Records(second)));
        save["expectedCursor"] = (string)first["cursor"]!;
        save["cursor"] = (string)second["cursor"]!;
        await history.CallAsync(Consumers, save, RecordHistory.Publisher);
        var watch = new WatchRecordsRequest { Consumer = "billing-1.a_b", UntilEnd = true };
        Assert.Empty(Assert.Single(await WatchAsync(history, watch, RecordHistory.Publisher)).Records);

        // Names of others are others' names.
        foreach (string? other in new[] { null, RecordHistory.Customer, RecordHistory.Rival })
        {
            (HttpStatusCode listed, JsonNode list) = await history.Server.GetAsync(Consumers, await history.TokenAsync(other));
            Assert.Equal((HttpStatusCode.OK, 0), (listed, list["consumers"]!.AsArray().Count));
            Assert.Equal(HttpStatusCode.NotFound, (await history.Server.DeleteAsync(Consumers + "/billing-1.a_b", await history.TokenAsync(other))).Status);
        }

        string token = await history.TokenAsync(RecordHistory.Publisher);
        Assert.Equal("billing-1.a_b", (string)Assert.Single((await history.Server.GetAsync(Consumers, token)).Body["consumers"]!.AsArray())!["name"]!);
        Assert.Equal(HttpStatusCode.OK, (await history.Server.DeleteAsync(Consumers + "/billing-1.a_b", token)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await history.Server.DeleteAsync(Consumers + "/billing-1.a_b", token)).Status);
    }

    [Fact]
    public async Task One_consumer_more_than_allowed_is_refused()
    {
        await using RecordHistory history = await RecordHistory.StartAsync(requests: 1);
        for (int number = 0; number < Ledger.Limits.FeedConsumers; number++)
            await history.CallAsync(Consumers, new JsonObject { ["name"] = $"c{number}" });
        (HttpStatusCode status, JsonNode body) = await history.Server.PostAsync(Consumers, new JsonObject { ["name"] = "one-more" }, history.Server.AdminToken);
        Assert.Equal(HttpStatusCode.TooManyRequests, status);
        Assert.Contains("100 consumers", (string)body["message"]!);
        await history.CallAsync(Consumers, new JsonObject { ["name"] = "c7" });
    }

    [Fact]
    public async Task Every_fault_of_names_and_places_is_named()
    {
        await using RecordHistory history = await RecordHistory.StartAsync(requests: 2);
        await using RecordHistory other = await RecordHistory.StartAsync(requests: 2);
        string foreign = (string)(await other.CallAsync(Read, []))["cursor"]!;
        string longest = new('a', 50);
        await history.CallAsync(Consumers, new JsonObject { ["name"] = longest });
        foreach (string name in new[] { "", longest + "a", "a b", "ä", "a/b" })
            Assert.Equal("name", Assert.Single(await history.FaultsAsync(Consumers, new JsonObject { ["name"] = name })).Field);
        Assert.Equal(
            ["name", "cursor", "expected_cursor"],
            (await history.FaultsAsync(Consumers, new JsonObject { ["name"] = "?", ["cursor"] = "?", ["expectedCursor"] = "?" })).Select(fault => fault.Field));
        Assert.Equal("cursor", Assert.Single(await history.FaultsAsync(Consumers, new JsonObject { ["name"] = "a", ["cursor"] = foreign })).Field);
        Assert.Equal(("cursor", "is a place in the feed of another ledger"), Assert.Single(await history.FaultsAsync(Read, new JsonObject { ["cursor"] = foreign })));
        Assert.Equal("consumer", Assert.Single(await history.FaultsAsync(Read, new JsonObject { ["cursor"] = foreign, ["consumer"] = "a" })).Field);
        Assert.Equal("page_size", Assert.Single(await history.FaultsAsync(Read, new JsonObject { ["pageSize"] = 10_001 })).Field);

        foreach (WatchRecordsRequest request in new[] { new WatchRecordsRequest { Cursor = foreign }, new() { Cursor = "?" }, new() { PageSize = -1 } })
        {
            await using RpcStream<WatchRecordsResponse> watch = await RpcStream<WatchRecordsResponse>.OpenAsync(history.Server, "WatchRecords", request, history.Server.AdminToken);
            Assert.Null(await watch.NextAsync());
            Assert.Equal(3, watch.Status);
            Assert.StartsWith(request.PageSize < 0 ? "page_size" : "cursor", watch.Message);
        }
    }

    private static List<string> Records(JsonNode answer) => [.. answer["records"]!.AsArray().Select(WrittenRecord.LineOf)];

    private static async Task<List<WatchRecordsResponse>> WatchAsync(RecordHistory history, WatchRecordsRequest request, string? caller = null)
    {
        await using RpcStream<WatchRecordsResponse> watch = await RpcStream<WatchRecordsResponse>.OpenAsync(
            history.Server, "WatchRecords", request, await history.TokenAsync(caller));
        return await watch.RestAsync();
    }
}
