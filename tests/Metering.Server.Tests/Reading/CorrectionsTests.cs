using System.Net;
using System.Text.Json.Nodes;

namespace Metering.Server.Tests;

/// <summary>Corrections: made by the operator, seen by those whose usage it is, beside totals that stay what they are.</summary>
public class CorrectionsTests
{
    private const string Correct = "/metering/v1/corrections";
    private const string List = "/metering/v1/corrections:list";
    private const string Query = "/metering/v1/usage:query";

    [Fact]
    public async Task A_correction_stands_beside_the_record_in_the_list_and_beside_the_totals()
    {
        await using RecordHistory history = await RecordHistory.StartAsync(requests: 10);
        WrittenRecord record = history.Written.First(written => written.Quantity > 1);
        string totals = (await history.CallAsync(Query, Question()))["totals"]!.ToJsonString();

        JsonNode answer = await history.CallAsync(Correct, Order(record, 1));
        Assert.Equal(record.Line, WrittenRecord.LineOf(answer["record"]));
        Assert.False((bool?)answer["repeated"] ?? false);
        await history.RestartAsync();

        JsonNode kept = Assert.Single((await history.CallAsync(List, []))["corrections"]!.AsArray())!;
        Assert.Equal(
            (record.Uuid, record.Sku, record.BillingAccount, $"{1 - record.Quantity}", "too much", "ann@example.com", 1),
            ((string)kept["uuid"]!, (string)kept["skuId"]!, (string)kept["billingAccountId"]!, (string)kept["quantity"]!, (string)kept["reason"]!,
                (string)kept["author"]!, (int)kept["step"]!));
        JsonNode usage = await history.CallAsync(Query, Question());
        Assert.Equal(totals, usage["totals"]!.ToJsonString());
        JsonNode sum = Assert.Single(usage["corrections"]!.AsArray())!;
        Assert.Equal((record.Sku, record.Unit, $"{1 - record.Quantity}", "1"), ((string)sum["skuId"]!, (string)sum["unit"]!, (string)sum["quantity"]!, (string)sum["records"]!));
        Assert.Equal(WrittenRecord.Moment(new DateTimeOffset(record.Timestamp.UtcDateTime.Date, TimeSpan.Zero)), (string)sum["windowStart"]!);

        JsonObject Question() => new() { ["window"] = "DAY", ["groupBy"] = new JsonArray("SKU"), ["pageSize"] = 10_000 };
    }

    [Fact]
    public async Task A_statement_shows_corrections_apart_from_its_totals_and_digest()
    {
        await using RecordHistory history = await RecordHistory.StartAsync(requests: 20);
        history.Server.Time.Now += TimeSpan.FromDays(11);
        WrittenRecord record = history.Written.First(written => written.BillingAccount == "dn2first0customer");
        JsonObject question = new()
        {
            ["billingAccountId"] = record.BillingAccount, ["from"] = "2026-11-01T00:00:00Z", ["to"] = WrittenRecord.Moment(record.Timestamp.AddSeconds(1)),
        };
        JsonNode before = (await history.CallAsync("/metering/v1/statements:get", question))["statement"]!;
        await history.CallAsync(Correct, Order(record, 5_000));
        await history.CallAsync(Correct, Order(record, 4_000));
        foreach (WrittenRecord other in history.Written.Where(written => written.BillingAccount != record.BillingAccount || written.Timestamp > record.Timestamp.AddSeconds(1)))
            await history.CallAsync(Correct, Order(other, 6_000));

        JsonNode after = (await history.CallAsync("/metering/v1/statements:get", (JsonObject)question.DeepClone()))["statement"]!;
        Assert.Equal((before["sha256"]!.ToJsonString(), before["totals"]!.ToJsonString()), (after["sha256"]!.ToJsonString(), after["totals"]!.ToJsonString()));
        Assert.Empty(before["corrections"]!.AsArray());
        JsonNode sum = Assert.Single(after["corrections"]!.AsArray())!;
        Assert.Equal((record.Sku, $"{4_000 - record.Quantity}", "2"), ((string)sum["skuId"]!, (string)sum["quantity"]!, (string)sum["records"]!));
    }

    [Fact]
    public async Task Everybody_lists_the_corrections_of_records_that_they_see_page_by_page()
    {
        await using RecordHistory history = await RecordHistory.StartAsync(requests: 15);
        List<WrittenRecord> corrected = [.. history.Written.Where((_, place) => place % 2 == 0)];
        foreach (WrittenRecord record in corrected)
            await history.CallAsync(Correct, Order(record, record.Quantity + 1));
        foreach (string? caller in new[] { null, RecordHistory.Publisher, RecordHistory.Customer, RecordHistory.Rival })
        {
            var expected = corrected.Intersect(history.SeenBy(caller)).OrderBy(record => record.Timestamp).ThenBy(record => record.Uuid, StringComparer.Ordinal);
            var listed = new List<string>();
            string token = "";
            do
            {
                JsonNode page = await history.CallAsync(List, new JsonObject { ["pageSize"] = 3, ["pageToken"] = token }, caller);
                listed.AddRange(page["corrections"]!.AsArray().Select(one => (string)one!["uuid"]!));
                token = (string)page["nextPageToken"]!;
            }
            while (token.Length > 0);
            Assert.Equal(expected.Select(record => record.Uuid), listed);
        }

        JsonNode none = await history.CallAsync(List, new JsonObject { ["filter"] = new JsonObject { ["skuId"] = "no-such-sku" } });
        Assert.Empty(none["corrections"]!.AsArray());
    }

    [Fact]
    public async Task The_same_order_again_is_carried_out_once_and_a_dry_run_never()
    {
        await using RecordHistory history = await RecordHistory.StartAsync(requests: 3);
        WrittenRecord record = history.Written[0];
        JsonObject order = Order(record, 0);
        order["correctionId"] = "0f0c1b6e-2f5e-4b8e-9c55-0d7f6f0a2b11";
        JsonObject rehearsal = (JsonObject)order.DeepClone();
        rehearsal["dryRun"] = true;
        Assert.Equal($"-{record.Quantity}", (string)(await history.CallAsync(Correct, rehearsal))["correction"]!["quantity"]!);
        Assert.Empty((await history.CallAsync(List, []))["corrections"]!.AsArray());

        await history.CallAsync(Correct, order);
        Assert.True((bool)(await history.CallAsync(Correct, (JsonObject)order.DeepClone()))["repeated"]!);
        Assert.Single((await history.CallAsync(List, []))["corrections"]!.AsArray());
        order["reason"] = "another";
        Assert.Equal(HttpStatusCode.Conflict, (await history.Server.PostAsync(Correct, order, history.Server.AdminToken)).Status);
    }

    [Fact]
    public async Task Whoever_may_not_correct_is_refused_and_every_fault_is_named()
    {
        await using RecordHistory history = await RecordHistory.StartAsync(requests: 3);
        WrittenRecord record = history.Written[0];
        foreach (string account in new[] { RecordHistory.Publisher, RecordHistory.Customer })
        {
            string token = await history.TokenAsync(account);
            Assert.Equal(HttpStatusCode.Unauthorized, (await history.Server.PostAsync(Correct, Order(record, 0), token)).Status);
        }

        Assert.Equal(
            ["author", "correction_id", "quantity", "reason", "uuid"],
            (await FieldsAtFaultAsync(history, new JsonObject
            {
                ["uuid"] = "1", ["quantity"] = -1, ["reason"] = new string('r', Ledger.Limits.CorrectionReasonCharacters + 1), ["correctionId"] = "x",
                ["author"] = new string('a', Ledger.Limits.CorrectionAuthorCharacters + 1),
            })).Order());
        Assert.Equal(["author", "reason"], (await FieldsAtFaultAsync(history, Order(record, 0, reason: " ", author: "a\nb"))).Order());
        Assert.Equal(["quantity"], await FieldsAtFaultAsync(history, Order(record, record.Quantity)));
        await history.CallAsync(Correct, Order(
            record, 0, new string('r', Ledger.Limits.CorrectionReasonCharacters), new string('a', Ledger.Limits.CorrectionAuthorCharacters)));

        JsonObject unknown = Order(record, 0);
        unknown["uuid"] = "0f0c1b6e-2f5e-4b8e-9c55-0d7f6f0a2b11";
        Assert.Equal(HttpStatusCode.NotFound, (await history.Server.PostAsync(Correct, unknown, history.Server.AdminToken)).Status);
    }

    private static async Task<IEnumerable<string>> FieldsAtFaultAsync(RecordHistory history, JsonObject order) =>
        (await history.FaultsAsync(Correct, order)).Select(fault => fault.Field);

    private static JsonObject Order(WrittenRecord record, long quantity, string reason = "too much", string author = "ann@example.com") =>
        new() { ["uuid"] = record.Uuid, ["quantity"] = quantity, ["reason"] = reason, ["author"] = author };
}
