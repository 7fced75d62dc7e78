using System.Text.Json.Nodes;
using Metering.Server.Tests;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>Lists and feeds are followed over the wire while others write, and over restarts of all nodes, on both stores.</summary>
public sealed class PagesUnderWritesTests
{
    private const int Rounds = 3;
    private const int RequestsPerRound = 18;

    [Theory]
    [InlineData(ServedStore.Embedded)]
    [InlineData(ServedStore.Postgres)]
    public async Task Nothing_is_left_out_and_nothing_comes_twice_while_others_write(string store)
    {
        await using ServedHistory history = await ServedHistory.StartAsync(store, nodes: 2);
        var plan = new HistoryPlan(seed: 7);
        await history.SendAsync(plan.Next(RequestsPerRound));
        var followed = new List<string>();
        string cursor = "";
        for (int round = 0; round < Rounds; round++)
        {
            string[] before = [.. Seen(history, HistoryPlan.Acme)];
            Task writing = history.SendAsync(plan.Next(RequestsPerRound));
            List<string> listed = await ListAsync(history, HistoryPlan.Acme);
            while (!writing.IsCompleted)
                cursor = await FollowAsync(history, cursor, followed);
            await writing;
            Assert.Equal(listed.Count, listed.Distinct().Count());
            Assert.Empty(before.Except(listed));
            Assert.Empty(listed.Except(Seen(history, HistoryPlan.Acme)));
            await history.RestartAsync();
        }

        for (int read = -1; read != followed.Count;)
        {
            read = followed.Count;
            cursor = await FollowAsync(history, cursor, followed);
        }

        Assert.Equal(Seen(history, HistoryPlan.Buyer).Order(StringComparer.Ordinal), followed.Order(StringComparer.Ordinal));
        if (history.IsOrderOne)
            Assert.Equal(Seen(history, HistoryPlan.Buyer), followed);
    }

    private static IEnumerable<string> Seen(ServedHistory history, string caller) =>
        history.Accepted.Where(record => NaiveAnswers.IsSeen(record, caller)).Select(record => record.Line);

    // One page after the other, from whichever node.
    private static async Task<List<string>> ListAsync(ServedHistory history, string caller)
    {
        var listed = new List<string>();
        var question = new JsonObject { ["pageSize"] = 12 };
        for (int page = 0; ; page++)
        {
            JsonNode answer = JsonNode.Parse(await history.AskAsync(ReadQuery.Records.Place, question, caller, page % history.Nodes))!;
            listed.AddRange(answer["records"]!.AsArray().Select(WrittenRecord.LineOf));
            if ((string)answer["nextPageToken"]! is not { Length: > 0 } next)
                return listed;
            question["pageToken"] = next;
        }
    }

    private static async Task<string> FollowAsync(ServedHistory history, string cursor, List<string> followed)
    {
        var question = new JsonObject { ["cursor"] = cursor, ["pageSize"] = 9, ["wait"] = "0.05s" };
        JsonNode answer = JsonNode.Parse(await history.AskAsync(ReadQuery.Feed.Place, question, HistoryPlan.Buyer, followed.Count % history.Nodes))!;
        followed.AddRange(answer["records"]!.AsArray().Select(WrittenRecord.LineOf));
        return (string)answer["cursor"]!;
    }
}
