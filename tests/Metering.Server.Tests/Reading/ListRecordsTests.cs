using System.Net;
using System.Text.Json.Nodes;

namespace Metering.Server.Tests;

/// <summary>Records as they are listed and looked up: what was written, to those whom it concerns.</summary>
public class ListRecordsTests
{
    private const string List = "/metering/v1/records:list";
    private const string LookUp = "/metering/v1/records:lookUp";

    private static readonly string?[] Callers = [null, RecordHistory.Publisher, RecordHistory.Customer, RecordHistory.Rival];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task What_is_listed_is_what_was_written_by_every_filter_caller_and_page_size(int seed)
    {
        await using RecordHistory history = await RecordHistory.StartAsync(requests: 40, seed);
        var random = new Random(seed);
        (string Field, string Value, Func<WrittenRecord, string> Of)[] filters =
        [
            ("productId", "acme-database", record => record.Product), ("productInstanceId", "acme-database-second", record => record.Instance),
            ("productInstanceId", "rival-instance", record => record.Instance), ("billingAccountId", "dn2first0customer", record => record.BillingAccount),
            ("skuId", "acme-database-core-hours", record => record.Sku), ("skuId", "no-such-sku", record => record.Sku),
        ];
        for (int round = 0; round < 30; round++)
        {
            string? caller = Callers[round % Callers.Length];
            IEnumerable<WrittenRecord> expected = history.SeenBy(caller);
            var filter = new JsonObject();
            if (random.Next(3) > 0)
            {
                (string field, string value, Func<WrittenRecord, string> of) = filters[random.Next(filters.Length)];
                filter[field] = value;
                expected = expected.Where(record => of(record) == value);
            }

            if (random.Next(2) == 0)
            {
                DateTimeOffset from = history.Written[random.Next(history.Written.Count)].Timestamp;
                filter["from"] = WrittenRecord.Moment(from);
                expected = expected.Where(record => record.Timestamp >= from);
            }

            if (random.Next(2) == 0)
            {
                DateTimeOffset to = filter["from"] is { } start ? DateTimeOffset.Parse((string)start!).AddHours(20) : history.Written[random.Next(history.Written.Count)].Timestamp;
                filter["to"] = WrittenRecord.Moment(to);
                expected = expected.Where(record => record.Timestamp < to);
            }

            int size = random.Next(4) == 0 ? 10_000 : random.Next(1, 20);
            Assert.Equal(expected.Select(record => record.Line), await history.ListAsync(filter, size, caller));
        }

        await history.RestartAsync();
        Assert.Equal(history.Written.Select(record => record.Line), await history.ListAsync(null, 33));
    }

    [Fact]
    public async Task Pages_stay_what_they_are_while_writes_go_on_and_over_a_restart()
    {
        await using RecordHistory history = await RecordHistory.StartAsync(requests: 6);
        var lines = new List<string>();
        string token = "";
        for (int page = 0; page < 6; page++)
        {
            JsonNode answer = await history.CallAsync(List, new JsonObject { ["pageSize"] = 5, ["pageToken"] = token }, RecordHistory.Publisher);
            Assert.Equal(answer.ToJsonString(), (await history.CallAsync(List, new JsonObject { ["pageSize"] = 5, ["pageToken"] = token }, RecordHistory.Publisher)).ToJsonString());
            lines.AddRange(answer["records"]!.AsArray().Select(WrittenRecord.LineOf));
            token = (string)answer["nextPageToken"]!;
            await history.WriteAsync(requests: 4);
            if (page == 2)
                await history.RestartAsync();
        }

        Assert.Equal(history.SeenBy(RecordHistory.Publisher).Take(lines.Count).Select(record => record.Line), lines);
        Assert.InRange(lines.Count, 15, 30);
    }

    [Fact]
    public async Task Every_fault_of_a_list_is_named()
    {
        await using RecordHistory history = await RecordHistory.StartAsync(requests: 3);
        Assert.Equal(
            ["filter.to", "page_size", "page_token"],
            (await history.FaultsAsync(List, new JsonObject
            {
                ["filter"] = new JsonObject { ["from"] = "2026-11-21T12:00:00Z", ["to"] = "2026-11-21T11:00:00Z" }, ["pageSize"] = 10_001, ["pageToken"] = "?",
            })).Select(fault => fault.Field));
        Assert.Equal("page_size", Assert.Single(await history.FaultsAsync(List, new JsonObject { ["pageSize"] = -1 })).Field);

        // A token is for the question that it was given for, and for places that there are.
        string token = (string)(await history.CallAsync(List, new JsonObject { ["pageSize"] = 1 }))["nextPageToken"]!;
        Assert.NotEmpty((await history.CallAsync(List, new JsonObject { ["pageToken"] = token }))["records"]!.AsArray());
        var other = new JsonObject { ["filter"] = new JsonObject { ["skuId"] = "x" }, ["pageToken"] = token };
        Assert.Equal("page_token", Assert.Single(await history.FaultsAsync(List, other)).Field);
        Assert.Equal("page_token", Assert.Single(await history.FaultsAsync(List, new JsonObject { ["pageToken"] = token[..^6] + "AAAAAA" })).Field);
    }

    [Fact]
    public async Task A_look_up_says_what_became_of_each_uuid_to_those_whom_it_concerns()
    {
        await using RecordHistory history = await RecordHistory.StartAsync(requests: 20);
        string[] odd = ["never", "", "00000000-0000-0000-0000-000000000000", Guid.NewGuid().ToString()];
        foreach (string? caller in Callers)
        {
            List<WrittenRecord> asked = [.. history.Written.Where((_, place) => place % 2 == 0)];
            var request = new JsonObject { ["uuids"] = new JsonArray([.. asked.Select(record => record.Uuid.ToUpperInvariant()).Concat(odd).Select(uuid => JsonValue.Create(uuid))]) };
            JsonArray answers = (await history.CallAsync(LookUp, request, caller))["records"]!.AsArray();
            HashSet<string> seen = [.. history.SeenBy(caller).Select(record => record.Uuid)];
            Assert.Equal(asked.Count + odd.Length, answers.Count);
            for (int place = 0; place < asked.Count; place++)
            {
                Assert.Equal(asked[place].Uuid.ToUpperInvariant(), (string)answers[place]!["uuid"]!);
                Assert.Equal(seen.Contains(asked[place].Uuid) ? "ACCEPTED" : "NEVER_SEEN", (string)answers[place]!["state"]!);
                if (seen.Contains(asked[place].Uuid))
                    Assert.Equal(asked[place].Line, WrittenRecord.LineOf(answers[place]!["record"]));
                else
                    Assert.Null(answers[place]!["record"]);
            }

            Assert.All(answers.Skip(asked.Count), answer => Assert.Equal("NEVER_SEEN", (string)answer!["state"]!));
        }
    }

    [Fact]
    public async Task As_many_uuids_as_allowed_are_looked_up_and_one_more_is_refused()
    {
        await using RecordHistory history = await RecordHistory.StartAsync(requests: 1);
        JsonObject Request(int uuids) => new() { ["uuids"] = new JsonArray([.. Enumerable.Range(0, uuids).Select(_ => JsonValue.Create(Guid.NewGuid().ToString()))]) };
        Assert.Equal(1000, (await history.CallAsync(LookUp, Request(1000)))["records"]!.AsArray().Count);
        Assert.Equal(("uuids", "has 1001 entries; 1 to 1000 are allowed"), Assert.Single(await history.FaultsAsync(LookUp, Request(1001))));
        Assert.Equal("uuids", Assert.Single(await history.FaultsAsync(LookUp, Request(0))).Field);
        var tooLong = new JsonObject { ["uuids"] = new JsonArray(new string('a', 36), new string('a', 37)) };
        Assert.Equal(("uuids[1]", "has 37 characters; at most 36 are allowed"), Assert.Single(await history.FaultsAsync(LookUp, tooLong)));
    }

    [Fact]
    public async Task Strangers_read_nothing()
    {
        await using RecordHistory history = await RecordHistory.StartAsync(requests: 1);
        foreach (string path in new[] { List, LookUp, "/metering/v1/feed:read", "/metering/v1/feed/consumers" })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await history.Server.PostAsync(path, new JsonObject(), null)).Status);
            Assert.Equal(HttpStatusCode.Unauthorized, (await history.Server.PostAsync(path, new JsonObject(), "t1.nobody")).Status);
        }
    }
}
