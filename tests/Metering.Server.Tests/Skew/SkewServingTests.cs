using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Metering.Server.Tests;

/// <summary>Skew as senders and readers meet it: the warning on both wires, who sees whose, and the instruments.</summary>
public class SkewServingTests
{
    private const string Publisher = "acme-reporter";
    private const string Customer = "first-customer-gateway";

    [Fact]
    public async Task The_warning_is_a_trailer_over_grpc_and_a_header_over_rest_and_only_when_there_is_something_to_warn_of()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync(Publisher);
        foreach (bool isGrpc in new[] { false, true })
        {
            Assert.Null(await WarningAsync(server, token, isGrpc, TimeSpan.FromMinutes(47)));
            Assert.StartsWith("An accepted record is 50 min old; from 1 h on", await WarningAsync(server, token, isGrpc, TimeSpan.FromMinutes(50)));
            Assert.StartsWith("An accepted record is 55 s ahead", await WarningAsync(server, token, isGrpc, TimeSpan.FromSeconds(-55)));
            Assert.Null(await WarningAsync(server, token, isGrpc, TimeSpan.FromHours(2))); // EXPIRED: the verdict says it
        }
    }

    [Fact]
    public async Task Each_sees_the_skew_of_its_own_accounts_and_the_admin_that_of_all()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string publisher = await server.TokenAsync(Publisher), customer = await server.TokenAsync(Customer);
        await server.WriteAsync(publisher, server.Record(age: TimeSpan.FromMinutes(50)), server.Record(age: TimeSpan.FromSeconds(10)));
        await server.PostAsync(
            "/marketplace/metering/v1/imageProductUsage/write",
            new JsonObject
            {
                ["productId"] = RunningServer.ImageProduct,
                ["usageRecords"] = new JsonArray(server.Record(sku: RunningServer.ImageSku, age: TimeSpan.FromSeconds(-3))),
            },
            customer);

        JsonNode all = await SkewAsync(server, server.AdminToken);
        Assert.Equal([Publisher, Customer], Accounts(all));
        JsonNode lag = all["accounts"]![0]!["lastHour"]!["lag"]!;
        Assert.Equal(("2", "3000s"), ((string)lag["records"]!, (string)lag["max"]!));
        Assert.InRange(decimal.Parse(((string)lag["p50"]!).TrimEnd('s')), 10, 11.25m);
        Assert.Equal("3s", (string)all["accounts"]![1]!["sinceStart"]!["lead"]!["max"]!);
        Assert.Equal(("1", "0"), ((string)all["accounts"]![0]!["warnings"]!, (string)all["accounts"]![1]!["warnings"]!));
        Assert.Equal(("3600s", "2880s", "60s", "48s"), ((string)all["acceptanceWindow"]!, (string)all["lagWarning"]!, (string)all["futureTolerance"]!, (string)all["leadWarning"]!));

        Assert.Equal([Publisher], Accounts(await SkewAsync(server, publisher)));
        Assert.Equal([Customer], Accounts(await SkewAsync(server, customer)));
        Assert.Empty(Accounts(await SkewAsync(server, customer, "?serviceAccountId=" + Publisher)));
        Assert.Equal([Customer], Accounts(await SkewAsync(server, server.AdminToken, "?serviceAccountId=" + Customer)));
        Assert.Equal(HttpStatusCode.Unauthorized, (await server.GetAsync("/metering/v1/skew")).Status);
    }

    [Fact]
    public async Task The_meter_tells_the_same()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        // Other tests' servers have the same meter: only what this account's lag alone can be is looked for.
        await server.WriteAsync(await server.TokenAsync(Publisher), server.Record(age: TimeSpan.FromSeconds(2987)));
        var seen = new List<(string Name, double Value, string? Account)>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == "Metering")
                self.EnableMeasurementEvents(instrument);
        };
        void Note<T>(Instrument instrument, T value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
            where T : struct, IConvertible => seen.Add((instrument.Name, value.ToDouble(null), (string?)tags[0].Value));
        listener.SetMeasurementEventCallback<double>(Note);
        listener.SetMeasurementEventCallback<long>(Note);
        listener.Start();
        listener.RecordObservableInstruments();

        Assert.Equal(3, seen.Count(one => one is ("metering.timestamp.lag", 2987, Publisher)));
        Assert.Contains(("metering.timestamp.warnings", 1, Publisher), seen);
    }

    private static async Task<string?> WarningAsync(RunningServer server, string token, bool isGrpc, TimeSpan age)
    {
        using var request = isGrpc ? GrpcRequest(server, age) : new HttpRequestMessage(HttpMethod.Post, server.Rest + "/marketplace/metering/v1/productUsage/write")
        {
            Content = new StringContent(
                new JsonObject { ["productInstanceId"] = RunningServer.Instance, ["usageRecords"] = new JsonArray(server.Record(age: age)) }.ToJsonString(),
                Encoding.UTF8, "application/json"),
        };
        request.Headers.TryAddWithoutValidation("authorization", $"Bearer {token}");
        using HttpResponseMessage answer = await server.Http.SendAsync(request);
        await answer.Content.ReadAsByteArrayAsync();
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        if (isGrpc)
            Assert.Equal("0", answer.TrailingHeaders.GetValues("grpc-status").Single());
        HttpResponseHeaders place = isGrpc ? answer.TrailingHeaders : answer.Headers;
        return place.TryGetValues("metering-clock-skew-warning", out IEnumerable<string>? values) ? values.Single() : null;
    }

    private static HttpRequestMessage GrpcRequest(RunningServer server, TimeSpan age)
    {
        var write = new Yandex.Cloud.Marketplace.Metering.V1.WriteUsageRequest { ProductInstanceId = RunningServer.Instance };
        write.UsageRecords.Add(new Yandex.Cloud.Marketplace.Metering.V1.UsageRecord
        {
            Uuid = Guid.NewGuid().ToString(),
            SkuId = RunningServer.InstanceSku,
            Quantity = 1,
            Timestamp = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(server.Time.GetUtcNow() - age),
        });
        byte[] message = Google.Protobuf.MessageExtensions.ToByteArray(write);
        return new HttpRequestMessage(
            HttpMethod.Post, $"http://{server.Server.Facts.Listening.Grpc}/yandex.cloud.marketplace.metering.v1.ProductUsageService/Write")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent([0, 0, 0, 0, checked((byte)message.Length), .. message]) { Headers = { ContentType = new("application/grpc") } },
            Headers = { TE = { new("trailers") } },
        };
    }

    private static async Task<JsonNode> SkewAsync(RunningServer server, string token, string query = "")
    {
        (HttpStatusCode status, JsonNode body) = await server.GetAsync("/metering/v1/skew" + query, token);
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        return body;
    }

    private static IEnumerable<string> Accounts(JsonNode skew) => skew["accounts"]!.AsArray().Select(account => (string)account!["serviceAccountId"]!);
}
