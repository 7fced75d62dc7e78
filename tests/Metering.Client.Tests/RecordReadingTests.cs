using Metering.Contracts.V1;
using static Metering.Client.Tests.Samples;
using static Metering.Client.Tests.ScriptedServer;

namespace Metering.Client.Tests;

/// <summary>Look-ups, lists and places: how they are asked, and as whom.</summary>
public sealed class RecordReadingTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, new int[0])]
    [InlineData(1, new[] { 1 })]
    [InlineData(1000, new[] { 1000 })]
    [InlineData(2001, new[] { 1000, 1000, 1 })]
    public async Task Any_number_of_uuids_is_looked_up_in_calls_of_a_thousand_in_order(int uuids, int[] calls)
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = exchange => Reply(new LookUpRecordsResponse
        {
            Records = { exchange.Read(LookUpRecordsRequest.Parser).Uuids.Select(uuid => new RecordLookUp { Uuid = uuid }) },
        });
        using MeteringClient client = Connect(Options(server.Address));
        string[] asked = [.. Enumerable.Range(0, uuids).Select(number => $"uuid-{number}")];

        List<string> found = [];
        await foreach (RecordLookUp one in client.LookUpAsync(asked, Token))
            found.Add(one.Uuid);

        Assert.Equal(asked, found);
        Assert.Equal(calls, server.Exchanges.Select(exchange => exchange.Read(LookUpRecordsRequest.Parser).Uuids.Count));
    }

    [Fact]
    public async Task A_list_follows_its_pages_to_the_end_empty_ones_too()
    {
        await using ScriptedServer server = await StartAsync();
        ListRecordsResponse Page(string next, params string[] uuids) =>
            new() { NextPageToken = next, Records = { uuids.Select(uuid => new AcceptedRecord { Uuid = uuid }) } };
        server.Script = exchange => Reply(exchange.Read(ListRecordsRequest.Parser).PageToken switch
        {
            "" => Page("p1", "a", "b"),
            "p1" => Page("p2"),
            _ => Page("", "c"),
        });
        using MeteringClient client = Connect(Options(server.Address));

        List<string> found = [];
        await foreach (AcceptedRecord record in client.ListRecordsAsync(new RecordFilter { SkuId = "s" }, 2, Token))
            found.Add(record.Uuid);

        Assert.Equal(["a", "b", "c"], found);
        Assert.All(server.Exchanges, exchange => Assert.Equal((2, "s"), (exchange.Read(ListRecordsRequest.Parser).PageSize, exchange.Read(ListRecordsRequest.Parser).Filter.SkuId)));
    }

    [Theory]
    [InlineData("admin", "token", "Bearer admin")]
    [InlineData(null, "token", "Bearer token")]
    public async Task Who_reads_is_the_admin_if_there_is_its_token_and_else_the_account(string? admin, string token, string expected)
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = exchange => exchange.Method switch
        {
            "UsageService/QueryUsage" => Reply(new QueryUsageResponse()),
            "UsageService/ListSkew" => Reply(new ListSkewResponse()),
            "UsageService/ListConsumers" => Reply(new ListConsumersResponse()),
            _ => Stream(),
        };
        using MeteringClient client = Connect(new MeteringClientOptions { Address = server.Address, AdminToken = admin, Token = token });

        await client.QueryUsageAsync(new QueryUsageRequest(), Token);
        await client.ListSkewAsync("sa", Token);
        await client.ListConsumersAsync(Token);
        await foreach (WatchRecordsResponse _ in client.WatchRecordsAsync(new WatchRecordsRequest { UntilEnd = true }, Token))
            Assert.Fail("There are no records.");

        Assert.Equal(4, server.Exchanges.Count);
        Assert.All(server.Exchanges, exchange => Assert.Equal(expected, exchange.Headers["authorization"]));
    }

    [Fact]
    public async Task Without_any_identity_reading_says_what_to_set()
    {
        using MeteringClient client = Connect(new MeteringClientOptions { Address = "http://127.0.0.1:1" });
        MeteringException fault = await Assert.ThrowsAsync<MeteringException>(() => client.ListConsumersAsync(Token));
        Assert.Contains("set AdminToken", fault.Message);
    }

    [Fact]
    public async Task A_place_that_replaces_any_is_saved_again_after_a_lost_answer()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = exchange => exchange.Number == 1 ? Reset() : Saved();
        using MeteringClient client = Connect(Options(server.Address));

        Assert.Equal("c1", (await client.SaveConsumerAsync("billing", "c1", null, Token)).Cursor);

        Assert.Equal(2, server.Exchanges.Count);
        Assert.All(server.Exchanges, exchange => Assert.Equal(new SaveConsumerRequest { Name = "billing", Cursor = "c1" }, exchange.Read(SaveConsumerRequest.Parser)));
    }

    [Theory]
    [InlineData("lost, c1", true)] // it was saved
    [InlineData("lost, c0, saved", true)]
    [InlineData("lost, c0, aborted, c1", true)] // it was under way, and came first
    [InlineData("lost, none, lost, c1", true)]
    [InlineData("lost, other, aborted, other", false)]
    [InlineData("aborted", false)]
    public async Task After_a_lost_answer_the_place_that_is_kept_tells_whether_the_expected_one_was_replaced(string course, bool isSaved)
    {
        await using ScriptedServer server = await StartAsync();
        string[] steps = course.Split(", ");
        server.Script = exchange => (exchange.Method, steps[exchange.Number - 1]) switch
        {
            ("UsageService/SaveConsumer", "lost") => Reset(),
            ("UsageService/SaveConsumer", "saved") => Saved(),
            ("UsageService/SaveConsumer", "aborted") => Fail(10, "another%20place"),
            ("UsageService/ListConsumers", "none") => Reply(new ListConsumersResponse()),
            ("UsageService/ListConsumers", string cursor) => Reply(new ListConsumersResponse
            {
                Consumers = { new FeedConsumer { Name = "audit", Cursor = "c1" }, new FeedConsumer { Name = "billing", Cursor = cursor } },
            }),
            (string method, string step) => throw new InvalidOperationException($"{method} instead of {step}"),
        };
        using MeteringClient client = Connect(Options(server.Address));

        Task<FeedConsumer> saving = client.SaveConsumerAsync("billing", "c1", "c0", Token);
        if (isSaved)
            Assert.Equal("c1", (await saving).Cursor);
        else
            Assert.Equal(GrpcStatusCode.Aborted, (await Assert.ThrowsAsync<MeteringException>(() => saving)).Code);

        Assert.Equal(steps.Length, server.Exchanges.Count);
    }

    private static CannedAnswer Saved() => Reply(new SaveConsumerResponse { Consumer = new FeedConsumer { Name = "billing", Cursor = "c1" } });
}
