using System.Net;
using System.Text.Json.Nodes;
using Metering.Grpc;
using Metering.Ledger;
using Yandex.Cloud.Marketplace.Metering.V1;
using Bounds = Metering.Ledger.Limits;

namespace Metering.Server.Tests;

/// <summary>What a message and its fields may be: the limit passes, one more does not.</summary>
public class MessageLimitsTests
{
    private const string RestWrite = "/marketplace/metering/v1/productUsage/write";
    private const int ResourceExhausted = 8;
    private const int InvalidArgument = 3;

    public static TheoryData<string, int> GrpcMessages => new()
    {
        { RawRequest.ProductWrite, Bounds.WriteMessageBytes },
        { RawRequest.TokenCreate, Bounds.MessageBytes },
        { "/yandex.cloud.endpoint.ApiEndpointService/List", Bounds.MessageBytes },
        { "/grpc.health.v1.Health/Check", RpcLimits.HealthRequestBytes },
        { "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", RpcLimits.ReflectionRequestBytes },
        { "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", RpcLimits.ReflectionRequestBytes },
    };

    [Theory]
    [MemberData(nameof(GrpcMessages))]
    public async Task A_message_at_its_limit_is_read_and_one_byte_more_is_refused(string path, int limitBytes)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        Assert.NotEqual(ResourceExhausted, (await server.CallAsync(path, Padding(limitBytes), token: null)).Status);
        (int status, string words, _) = await server.CallAsync(path, Padding(limitBytes + 1), token: null);
        Assert.Equal(ResourceExhausted, status);
        Assert.Contains($"{limitBytes} bytes", words);
    }

    [Theory]
    [InlineData(RestWrite, Bounds.WriteMessageBytes, 401)]
    [InlineData("/iam/v1/tokens", Bounds.MessageBytes, 400)]
    public async Task A_body_at_its_limit_is_read_and_one_byte_more_is_429(string path, int limitBytes, int whenRead)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        Assert.Equal(whenRead, (int)(await server.PostAsync(path, Body(limitBytes), token: null)).Status);
        (HttpStatusCode status, JsonNode body) = await server.PostAsync(path, Body(limitBytes + 1), token: null);
        Assert.Equal((429, ResourceExhausted), ((int)status, (int)body["code"]!));
    }

    [Fact]
    public async Task A_catalog_message_at_its_limit_is_read_and_one_byte_more_is_refused()
    {
        const int LimitBytes = Bounds.CatalogBytes + Bounds.CatalogEnvelopeBytes;
        await using RunningServer server = await RunningServer.StartAsync();
        Assert.NotEqual(ResourceExhausted, (await server.CallAsync("/metering.v1.CatalogService/Apply", Padding(LimitBytes), server.AdminToken)).Status);
        Assert.Equal(ResourceExhausted, (await server.CallAsync("/metering.v1.CatalogService/Apply", Padding(LimitBytes + 1), server.AdminToken)).Status);
    }

    [Fact]
    public async Task As_many_records_as_a_write_may_have_are_judged_and_one_more_is_refused()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        JsonObject[] records = [.. Enumerable.Range(0, Bounds.RecordsPerWrite).Select(_ => server.Record())];
        Dictionary<string, string> verdicts = await server.WriteAsync(token, records);
        Assert.Equal(Bounds.RecordsPerWrite, verdicts.Values.Count(verdict => verdict == "ACCEPTED"));

        var request = new WriteUsageRequest { ProductInstanceId = RunningServer.Instance };
        request.UsageRecords.AddRange(Enumerable.Range(0, Bounds.RecordsPerWrite + 1).Select(_ => new Yandex.Cloud.Marketplace.Metering.V1.UsageRecord()));
        (int status, string words, _) = await server.CallAsync<WriteUsageResponse>(RawRequest.ProductWrite, request, token);
        Assert.Equal(InvalidArgument, status);
        Assert.Contains("usage_records has 26 records", words);
    }

    [Fact]
    public async Task An_id_of_the_longest_allowed_is_looked_up_and_a_longer_one_is_a_fault_of_form()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        async Task<int> StatusOf(int characters) => (await server.CallAsync<WriteUsageResponse>(
            RawRequest.ProductWrite, new WriteUsageRequest { ProductInstanceId = new string('x', characters), UsageRecords = { new Yandex.Cloud.Marketplace.Metering.V1.UsageRecord() } }, token)).Status;
        Assert.Equal(7, await StatusOf(Bounds.IdCharacters)); // PERMISSION_DENIED: not there
        Assert.Equal(InvalidArgument, await StatusOf(Bounds.IdCharacters + 1));
    }

    [Theory]
    [InlineData(-1, "INVALID_ID")]
    [InlineData(0, "ACCEPTED")]
    [InlineData(1, "INVALID_ID")]
    public async Task A_uuid_has_its_length_and_no_other(int more, string verdict)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        string uuid = (Guid.NewGuid() + "0")[..(Bounds.UuidCharacters + more)];
        Assert.Equal(verdict, (await server.WriteAsync(token, server.Record(uuid)))[uuid]);
    }

    [Fact]
    public async Task An_iam_token_of_the_longest_allowed_is_looked_at_and_a_longer_one_is_not()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        async Task<string> WordsOn(int characters)
        {
            (HttpStatusCode status, JsonNode body) = await server.PostAsync(
                "/iam/v1/tokens:revoke", new JsonObject { ["iamToken"] = new string('x', characters) }, token: null);
            Assert.Equal(HttpStatusCode.BadRequest, status);
            return (string)body["message"]!;
        }

        Assert.Contains("not an IAM token", await WordsOn(Bounds.IamTokenCharacters));
        Assert.Contains($"1 to {Bounds.IamTokenCharacters} characters", await WordsOn(Bounds.IamTokenCharacters + 1));
    }

    [Fact]
    public async Task A_clients_id_of_the_longest_allowed_is_echoed_and_a_longer_one_is_not()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        async Task<bool> IsEchoed(int characters)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, server.Rest + "/healthz");
            request.Headers.Add("x-client-request-id", new string('x', characters));
            using HttpResponseMessage answer = await server.Http.SendAsync(request, TestContext.Current.CancellationToken);
            return answer.Headers.Contains("x-client-request-id");
        }

        Assert.True(await IsEchoed(Bounds.ClientRequestIdCharacters));
        Assert.False(await IsEchoed(Bounds.ClientRequestIdCharacters + 1));
    }

    [Fact]
    public async Task A_unit_of_the_longest_allowed_is_taken_and_a_longer_one_is_a_fault()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        async Task<int> FaultsOf(int characters) => (await server.ApplyAsync(
            SampleCatalog.Yaml.Replace("core*hour", new string('u', characters), StringComparison.Ordinal)))["faults"]!.AsArray()
            .Count(fault => ((string)fault!["reason"]!).Contains($"at most {Bounds.UnitCharacters} are allowed", StringComparison.Ordinal));
        Assert.Contains("core*hour", SampleCatalog.Yaml);
        Assert.Equal(0, await FaultsOf(Bounds.UnitCharacters));
        Assert.NotEqual(0, await FaultsOf(Bounds.UnitCharacters + 1));
    }

    [Fact]
    public void No_more_faults_than_allowed_come_with_a_suggestion()
    {
        var faults = new CatalogFaults("catalog.yaml");
        for (int fault = 0; fault < Bounds.CatalogSuggestions; fault++)
            Assert.Contains("'publishers'", faults.Suggest("publisher", ["publishers"]));
        Assert.Equal("", faults.Suggest("publisher", ["publishers"]));
    }

    [Fact]
    public void A_kept_request_gives_up_a_large_buffer()
    {
        byte[] kept = new byte[Bounds.PooledRequestBytes];
        var write = new UsageWrite { Payload = kept };
        write.Reset();
        Assert.Same(kept, write.Payload);
        write.Payload = new byte[Bounds.PooledRequestBytes + 1];
        write.Reset();
        Assert.True(write.Payload.Length <= Bounds.PooledRequestBytes);
    }

    [Fact]
    public void No_more_requests_are_kept_than_allowed()
    {
        var codec = new UsageWriteCodec(UsageKind.Image);
        UsageWrite[] first = ReadMany(), second;
        Array.ForEach(first, codec.Release);
        second = ReadMany();
        Array.ForEach(second, codec.Release);
        Assert.InRange(first.Intersect(second).Count(), 1, Bounds.PooledRequests);

        UsageWrite[] ReadMany() => [.. Enumerable.Range(0, Bounds.PooledRequests + 100).Select(_ => codec.Read(default))];
    }

    // A field that no message knows, of exactly so many bytes with its tag and a length of three bytes.
    private static byte[] Padding(int bytes)
    {
        int length = bytes - 2 - 4;
        byte[] message = new byte[bytes];
        ReadOnlySpan<byte> head =
            [0xFA, 0x7F, (byte)(length | 0x80), (byte)((length >> 7) | 0x80), (byte)((length >> 14) | 0x80), (byte)(length >> 21)];
        head.CopyTo(message); // field 2047; the length in four bytes, shortest or not
        return message;
    }

    private static string Body(int bytes) => "{\"padding\":\"" + new string('x', bytes - 14) + "\"}";
}
