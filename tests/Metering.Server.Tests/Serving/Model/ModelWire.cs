using System.Text.Json.Nodes;
using Google.Protobuf.WellKnownTypes;
using Yandex.Cloud.Marketplace.Metering.V1;
using Older = Yandex.Cloud.Marketplace.V1.Metering;

namespace Metering.Server.Tests;

/// <summary>Sends a Write as JSON or as protobuf, through either package, and reads the answer.</summary>
internal static class ModelWire
{
    public static async Task<ModelAnswer> SendAsync(RunningServer server, ModelWrite write, string token, bool asJson, bool older)
    {
        if (asJson)
            return await PostAsync(server, write, token, older);
        if (!write.IsImage)
        {
            var request = new WriteUsageRequest { DryRun = write.DryRun, ProductInstanceId = write.Target, UsageRecords = { write.Records.Select(Current) } };
            (int status, string words, WriteUsageResponse? response) = await server.CallAsync<WriteUsageResponse>(
                "/yandex.cloud.marketplace.metering.v1.ProductUsageService/Write", request, token);
            Assert.True(status == 0, words);
            return Answer(response!.Accepted, response.Rejected);
        }

        if (!older)
        {
            var request = new WriteImageProductUsageRequest { ValidateOnly = write.DryRun, ProductId = write.Target, UsageRecords = { write.Records.Select(Current) } };
            (int status, string words, WriteImageProductUsageResponse? response) = await server.CallAsync<WriteImageProductUsageResponse>(
                "/yandex.cloud.marketplace.metering.v1.ImageProductUsageService/Write", request, token);
            Assert.True(status == 0, words);
            return Answer(response!.Accepted, response.Rejected);
        }

        var olderRequest = new Older.WriteImageProductUsageRequest { ValidateOnly = write.DryRun, ProductId = write.Target, UsageRecords = { write.Records.Select(OlderOf) } };
        (int olderStatus, string olderWords, Older.WriteImageProductUsageResponse? olderResponse) = await server.CallAsync<Older.WriteImageProductUsageResponse>(
            "/yandex.cloud.marketplace.v1.metering.ImageProductUsageService/Write", olderRequest, token);
        Assert.True(olderStatus == 0, olderWords);
        return new ModelAnswer(
            [.. olderResponse!.Accepted.Select(record => record.Uuid)],
            [.. olderResponse.Rejected.Select(record => $"{record.Uuid} {Name((int)record.Reason)}")]);
    }

    private static async Task<ModelAnswer> PostAsync(RunningServer server, ModelWrite write, string token, bool older)
    {
        string path = !write.IsImage ? "/marketplace/metering/v1/productUsage/write"
            : older ? "/marketplace/v1/metering/imageProductUsage/write" : "/marketplace/metering/v1/imageProductUsage/write";
        var request = new JsonObject
        {
            [write.IsImage ? "validateOnly" : "dryRun"] = write.DryRun,
            [write.IsImage ? "productId" : "productInstanceId"] = write.Target,
            ["usageRecords"] = new JsonArray([.. write.Records.Select(Json)]),
        };
        (System.Net.HttpStatusCode status, JsonNode body) = await server.PostAsync(path, request, token);
        Assert.True(status == System.Net.HttpStatusCode.OK, body.ToJsonString());
        return new ModelAnswer(
            [.. body["accepted"]!.AsArray().Select(record => (string)record!["uuid"]!)],
            [.. body["rejected"]!.AsArray().Select(record => $"{record!["uuid"]} {record["reason"]}")]);
    }

    private static ModelAnswer Answer(IEnumerable<AcceptedUsageRecord> accepted, IEnumerable<RejectedUsageRecord> rejected) => new(
        [.. accepted.Select(record => record.Uuid)],
        [.. rejected.Select(record => $"{record.Uuid} {Name((int)record.Reason)}")]);

    private static string Name(int reason) => RejectedUsageRecord.Descriptor.EnumTypes[0].FindValueByNumber(reason).Name;

    private static JsonNode Json(ModelRecord record)
    {
        var json = new JsonObject { ["uuid"] = record.Uuid, ["skuId"] = record.Sku, ["quantity"] = record.Quantity };
        if (record.Moment is var (seconds, nanoseconds))
            json["timestamp"] = $"{DateTimeOffset.FromUnixTimeSeconds(seconds):yyyy-MM-dd'T'HH:mm:ss}.{nanoseconds:d9}Z";
        return json;
    }

    private static UsageRecord Current(ModelRecord record) =>
        new() { Uuid = record.Uuid, SkuId = record.Sku, Quantity = record.Quantity, Timestamp = Moment(record) };

    private static Older.UsageRecord OlderOf(ModelRecord record) =>
        new() { Uuid = record.Uuid, SkuId = record.Sku, Quantity = record.Quantity, Timestamp = Moment(record) };

    private static Timestamp? Moment(ModelRecord record) =>
        record.Moment is var (seconds, nanoseconds) ? new Timestamp { Seconds = seconds, Nanos = nanoseconds } : null;
}
