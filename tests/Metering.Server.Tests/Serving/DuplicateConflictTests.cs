using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Metering.Contracts.V1;
using Metering.Grpc;
using Yandex.Cloud.Marketplace.Metering.V1;
using Field = Metering.Contracts.V1.DuplicateConflict.Types.Field;

namespace Metering.Server.Tests;

/// <summary>A uuid that is used twice: the verdict is DUPLICATE as ever, and that the records differ is said beside it, and kept.</summary>
public class DuplicateConflictTests
{
    private const string Rest = "/marketplace/metering/v1/productUsage/write";
    private const string Grpc = "/yandex.cloud.marketplace.metering.v1.ProductUsageService/Write";
    private const string Header = "metering-duplicate-conflicts";

    [Fact]
    public async Task A_duplicate_that_differs_is_named_in_a_header_and_the_answer_stays_as_it_is()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        JsonObject first = server.Record(quantity: 7);
        await server.WriteAsync(token, first);
        JsonObject second = first.DeepClone().AsObject();
        second["quantity"] = 8;
        (string body, string? header) = await PostAsync(server, token, second);
        Assert.Equal($$"""{"accepted":[],"rejected":[{"uuid":"{{first["uuid"]}}","reason":"DUPLICATE"}]}""", body);
        JsonNode conflict = Assert.Single(JsonNode.Parse(header!)!["conflicts"]!.AsArray())!;
        Assert.Equal(
            (first["uuid"]!.ToString(), "QUANTITY", "7", "8"),
            ((string)conflict["uuid"]!, (string)conflict["fields"]![0]!, (string)conflict["counted"]!["quantity"]!, (string)conflict["sent"]!["quantity"]!));
    }

    [Fact]
    public async Task Each_field_that_differs_is_named_over_grpc_in_a_trailer()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        JsonObject counted = server.Record(quantity: 7);
        await server.WriteAsync(token, counted);
        (JsonObject Sent, string Instance, Field[] Fields)[] cases =
        [
            (With(counted, "skuId", "acme-database-storage"), RunningServer.Instance, [Field.SkuId]),
            (With(counted, "quantity", 0), RunningServer.Instance, [Field.Quantity]),
            (With(counted, "timestamp", "2026-11-21T11:59:59.999999999Z"), RunningServer.Instance, [Field.Timestamp]),
            (With(counted, "timestamp", null), RunningServer.Instance, [Field.Timestamp]),
            (With(counted, "quantity", 9), "acme-database-second", [Field.Owner, Field.Quantity]),
        ];
        foreach ((JsonObject sent, string instance, Field[] fields) in cases)
        {
            DuplicateConflict conflict = Assert.Single((await CallAsync(server, token, instance, sent))!.Conflicts);
            Assert.Equal(fields, conflict.Fields);
            Assert.Equal((7, RunningServer.Instance, instance), (conflict.Counted.Quantity, conflict.Counted.ProductInstanceId, conflict.Sent.ProductInstanceId));
        }

        Assert.Null(await CallAsync(server, token, RunningServer.Instance, counted)); // the control: the same once more
    }

    [Fact]
    public async Task What_is_the_same_what_is_new_and_what_only_rehearses_is_not_named()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        JsonObject record = server.Record();
        Assert.Null((await PostAsync(server, token, record)).Header);
        Assert.Null((await PostAsync(server, token, record)).Header);
        Assert.Null((await PostAsync(server, token, With(record, "quantity", 99), dryRun: true)).Header);
        Assert.Empty(await ConflictsAsync(server, token));
    }

    [Fact]
    public async Task Two_records_of_one_uuid_in_one_request_are_compared()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        JsonObject first = server.Record(quantity: 1);
        (_, string? header) = await PostAsync(server, token, first, With(first, "quantity", 2), first.DeepClone().AsObject());
        Assert.Equal("2", (string)Assert.Single(JsonNode.Parse(header!)!["conflicts"]!.AsArray())!["sent"]!["quantity"]!);
    }

    [Fact]
    public async Task A_conflict_is_kept_searchable_and_looked_up()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        JsonObject record = server.Record(quantity: 7);
        await server.WriteAsync(token, record);
        await server.WriteAsync(token, With(record, "quantity", 8));
        await using RunningServer again = await server.RestartAsync();
        JsonNode kept = Assert.Single(await ConflictsAsync(again, token))!;
        Assert.Equal(("8", "DUPLICATE", """["QUANTITY"]"""), ((string)kept["quantity"]!, (string)kept["reason"]!, kept["differsIn"]!.ToJsonString()));
        (_, JsonNode found) = await again.PostAsync(
            "/metering/v1/records:lookUp", new JsonObject { ["uuids"] = new JsonArray(record["uuid"]!.ToString()) }, token);
        JsonNode lookUp = found["records"]![0]!;
        Assert.Equal(("ACCEPTED", "7"), ((string)lookUp["state"]!, (string)lookUp["record"]!["quantity"]!));
        Assert.Equal("8", (string)Assert.Single(lookUp["conflicts"]!.AsArray())!["sent"]!["quantity"]!);
    }

    [Fact]
    public async Task Of_a_record_that_is_somebody_elses_only_that_it_differs_is_said()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string customer = await server.TokenAsync("second-customer-gateway");
        JsonObject record = server.Record(quantity: 7);
        await server.WriteAsync(await server.TokenAsync("acme-reporter"), record); // booked to the first customer
        JsonObject image = With(record, "skuId", RunningServer.ImageSku);
        using HttpResponseMessage answer = await SendAsync(
            server, customer, "/marketplace/metering/v1/imageProductUsage/write",
            new JsonObject { ["productId"] = RunningServer.ImageProduct, ["usageRecords"] = new JsonArray(image) });
        Assert.Equal(
            $$"""{ "conflicts": [ { "uuid": "{{record["uuid"]}}" } ] }""", Assert.Single(answer.Headers.GetValues(Header)));
    }

    [Fact]
    public async Task More_conflicts_than_a_trailer_holds_are_counted()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        JsonObject[] records = [.. Enumerable.Range(0, 25).Select(_ => server.Record(quantity: (1L << 53) - 1))];
        await server.WriteAsync(token, records);
        JsonObject[] others = [.. records.Select(record => With(record, "quantity", (1L << 53) - 2))];
        DuplicateConflicts conflicts = (await CallAsync(server, token, RunningServer.Instance, others))!;
        Assert.Equal(25, conflicts.Conflicts.Count + conflicts.LeftOut);
        Assert.InRange(conflicts.Conflicts.Count, 5, 24);
        (_, string? header) = await PostAsync(server, token, others);
        Assert.InRange(header!.Length, 1, RpcCall.TrailerBytesMaximum);
        JsonNode ofRest = JsonNode.Parse(header)!;
        Assert.Equal(25, ofRest["conflicts"]!.AsArray().Count + (int)ofRest["leftOut"]!);
        Assert.Equal(50, (await ConflictsAsync(server, token)).Count);
    }

    private static JsonObject With(JsonObject record, string field, JsonNode? value)
    {
        JsonObject other = record.DeepClone().AsObject();
        other[field] = value;
        return other;
    }

    private static async Task<JsonArray> ConflictsAsync(RunningServer server, string token) => (await server.PostAsync(
        "/metering/v1/rejections:list", new JsonObject { ["filter"] = new JsonObject { ["reason"] = "DUPLICATE" } }, token)).Body["records"]!.AsArray();

    private static async Task<(string Body, string? Header)> PostAsync(RunningServer server, string token, JsonObject record, bool dryRun)
    {
        using HttpResponseMessage answer = await SendAsync(server, token, Rest, RequestOf([record], dryRun));
        return (await answer.Content.ReadAsStringAsync(), answer.Headers.TryGetValues(Header, out IEnumerable<string>? values) ? values.Single() : null);
    }

    private static async Task<(string Body, string? Header)> PostAsync(RunningServer server, string token, params JsonObject[] records)
    {
        using HttpResponseMessage answer = await SendAsync(server, token, Rest, RequestOf(records, dryRun: false));
        return (await answer.Content.ReadAsStringAsync(), answer.Headers.TryGetValues(Header, out IEnumerable<string>? values) ? values.Single() : null);
    }

    private static JsonObject RequestOf(JsonObject[] records, bool dryRun) => new()
    {
        ["dryRun"] = dryRun,
        ["productInstanceId"] = RunningServer.Instance,
        ["usageRecords"] = new JsonArray([.. records.Select(record => record.DeepClone())]),
    };

    private static async Task<HttpResponseMessage> SendAsync(RunningServer server, string token, string path, JsonObject body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, server.Rest + path) { Content = new StringContent(body.ToJsonString()) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        HttpResponseMessage answer = await server.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return answer;
    }

    private static async Task<DuplicateConflicts?> CallAsync(RunningServer server, string token, string instance, params JsonObject[] records)
    {
        var json = new JsonObject { ["productInstanceId"] = instance, ["usageRecords"] = new JsonArray([.. records.Select(record => record.DeepClone())]) };
        byte[] write = JsonParser.Default.Parse<WriteUsageRequest>(json.ToJsonString()).ToByteArray();
        byte[] frame = [0, 0, 0, 0, 0, .. write];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), write.Length);
        using var message = new HttpRequestMessage(HttpMethod.Post, $"http://{server.Server.Facts.Listening.Grpc}{Grpc}")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(frame) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } },
        };
        message.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using HttpResponseMessage answer = await server.Http.SendAsync(message);
        byte[] body = await answer.Content.ReadAsByteArrayAsync();
        WriteUsageResponse verdicts = WriteUsageResponse.Parser.ParseFrom(body[5..]);
        Assert.All(verdicts.Rejected, rejected => Assert.Equal(RejectedUsageRecord.Types.Reason.Duplicate, rejected.Reason));
        Assert.Equal(records.Length, verdicts.Rejected.Count);
        if (!answer.TrailingHeaders.TryGetValues($"{Header}-bin", out IEnumerable<string>? values))
            return null;
        string text = values.Single();
        return DuplicateConflicts.Parser.ParseFrom(Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '=')));
    }
}
