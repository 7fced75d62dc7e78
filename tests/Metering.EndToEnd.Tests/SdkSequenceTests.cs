using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf.WellKnownTypes;
using Yandex.Cloud.Endpoint;
using Yandex.Cloud.Iam.V1;
using Yandex.Cloud.Marketplace.Metering.V1;

namespace Metering.EndToEnd.Tests;

/// <summary>What SDKs call before they write, and the Write: List, Create, Write; replayed by hand, without the product's code.</summary>
public sealed class SdkSequenceTests(SampleMarketplace marketplace) : IClassFixture<SampleMarketplace>
{
    private const string PublicAudience = "https://iam.api.cloud.yandex.net/iam/v1/tokens";
    private const string EndpointService = "/yandex.cloud.endpoint.ApiEndpointService/";
    private const string CreateToken = "/yandex.cloud.iam.v1.IamTokenService/Create";
    private const string Write = "/yandex.cloud.marketplace.metering.v1.ProductUsageService/Write";
    private static readonly string[] EndpointIds = ["endpoint", "iam", "marketplace"];

    private string Advertised => $"localhost:{marketplace.Server.HttpsPort}";

    private string OwnAudience => $"https://iam.{Advertised}/iam/v1/tokens";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task List_Create_Write_over_grpc(bool isTls)
    {
        using PlainClient client = Connect(isTls);
        ListApiEndpointsResponse list = (await client.CallAsync(EndpointService + "List", new ListApiEndpointsRequest())).Read<ListApiEndpointsResponse>();
        Assert.Equal(EndpointIds, list.Endpoints.Select(endpoint => endpoint.Id).Order());
        Assert.All(list.Endpoints, endpoint => Assert.Equal(Advertised, endpoint.Address));
        Assert.Equal("", list.NextPageToken);
        foreach (string id in EndpointIds)
        {
            var get = new GetApiEndpointRequest { ApiEndpointId = id };
            Assert.Contains((await client.CallAsync(EndpointService + "Get", get)).Read<ApiEndpoint>(), list.Endpoints);
        }

        string jwt = SignJwt(PublicAudience, issuedSecondsAhead: 0);
        CreateIamTokenResponse token = (await client.CallAsync(CreateToken, new CreateIamTokenRequest { Jwt = jwt })).Read<CreateIamTokenResponse>();
        Assert.True(token.ExpiresAt.ToDateTimeOffset() >= TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(59));

        WriteUsageRequest request = OneRecord();
        PlainAnswer answer = await client.CallAsync(
            Write, request, ("authorization", $"Bearer {token.IamToken}"), ("x-client-request-id", "sdk-sequence-1"), ("x-client-trace-id", "trace"));
        Assert.Equal([request.UsageRecords[0].Uuid], answer.Read<WriteUsageResponse>().Accepted.Select(record => record.Uuid));
        Assert.Equal("sdk-sequence-1", Assert.Single(answer.Headers.GetValues("x-client-request-id")));
        Assert.NotEmpty(Assert.Single(answer.Headers.GetValues("x-request-id")));
    }

    [Theory]
    [InlineData("string")]
    [InlineData("array")]
    [InlineData("own address, string")]
    [InlineData("own address, array")]
    [InlineData("half a second ahead")]
    [InlineData("nbf")]
    public async Task Every_jwt_that_sdks_make_is_exchanged_for_a_token_that_writes(string form)
    {
        using PlainClient client = Connect(isTls: true);
        string audience = form.StartsWith("own") ? OwnAudience : PublicAudience;
        JsonNode aud = form.EndsWith("array") ? new JsonArray(audience) : audience;
        string jwt = SignJwt(aud, issuedSecondsAhead: form == "half a second ahead" ? 0.5 : 0, hasNotBefore: form == "nbf");
        string token = (await client.CallAsync(CreateToken, new CreateIamTokenRequest { Jwt = jwt })).Read<CreateIamTokenResponse>().IamToken;
        PlainAnswer answer = await client.CallAsync(Write, OneRecord(), ("authorization", $"Bearer {token}"));
        Assert.Single(answer.Read<WriteUsageResponse>().Accepted);
    }

    [Fact]
    public async Task A_jwt_for_somebody_else_or_with_another_signature_gets_no_token()
    {
        using PlainClient client = Connect(isTls: true);
        string good = SignJwt(PublicAudience, issuedSecondsAhead: 0);
        string[] bad =
        [
            SignJwt("https://iam.elsewhere.example/iam/v1/tokens", issuedSecondsAhead: 0),
            SignJwt(PublicAudience, issuedSecondsAhead: 3600),
            string.Concat(good.AsSpan(0, good.LastIndexOf('.') + 1), Base64Url.EncodeToString(new byte[256])),
        ];
        foreach (string jwt in bad)
        {
            PlainAnswer answer = await client.CallAsync(CreateToken, new CreateIamTokenRequest { Jwt = jwt });
            Assert.True(answer.Status == 16, $"gRPC status {answer.Status}: {answer.Words}");
        }

        Assert.Equal(16, (await client.CallAsync(Write, OneRecord(), ("authorization", $"Bearer {good}"))).Status);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_same_over_rest(bool isTls)
    {
        using PlainClient client = Connect(isTls, isRest: true);
        JsonElement list = await client.GetJsonAsync("/endpoints");
        JsonElement[] endpoints = [.. list.GetProperty("endpoints").EnumerateArray()];
        Assert.Equal(EndpointIds, endpoints.Select(endpoint => endpoint.GetProperty("id").GetString()).Order());
        Assert.All(endpoints, endpoint => Assert.Equal(Advertised, endpoint.GetProperty("address").GetString()));
        JsonElement one = await client.GetJsonAsync("/endpoints/marketplace");
        Assert.Equal(Advertised, one.GetProperty("address").GetString());

        (_, JsonElement exchange) = await PostAsync(client, "/iam/v1/tokens", new JsonObject { ["jwt"] = SignJwt(PublicAudience, 0) }, token: null);
        string token = exchange.GetProperty("iamToken").GetString()!;
        string uuid = Guid.NewGuid().ToString();
        var body = new JsonObject
        {
            ["productInstanceId"] = SampleMarketplace.Instance,
            ["usage_records"] = new JsonArray(new JsonObject
            {
                ["uuid"] = uuid, ["skuId"] = SampleMarketplace.Sku, ["quantity"] = "3",
                ["timestamp"] = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffZ"),
            }),
        };
        (HttpResponseHeaders headers, JsonElement verdicts) = await PostAsync(client, "/marketplace/metering/v1/productUsage/write", body, token);
        Assert.Equal(uuid, Assert.Single(verdicts.GetProperty("accepted").EnumerateArray()).GetProperty("uuid").GetString());
        Assert.Empty(verdicts.GetProperty("rejected").EnumerateArray());
        Assert.Equal("rest-1", Assert.Single(headers.GetValues("x-client-request-id")));
        Assert.NotEmpty(Assert.Single(headers.GetValues("x-request-id")));
    }

    private static async Task<(HttpResponseHeaders Headers, JsonElement Body)> PostAsync(PlainClient client, string path, JsonObject body, string? token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Version = client.Http.DefaultRequestVersion,
            Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("x-client-request-id", "rest-1");
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using HttpResponseMessage response = await client.Http.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{(int)response.StatusCode}: {text}");
        return (response.Headers, JsonElement.Parse(text));
    }

    private PlainClient Connect(bool isTls, bool isRest = false)
    {
        if (isTls)
            return new PlainClient($"https://{Advertised}", marketplace.Server.CertificateAuthority);
        var client = new PlainClient($"http://{(isRest ? marketplace.Server.Http : marketplace.Server.Grpc)}");
        if (isRest)
            client.Http.DefaultRequestVersion = HttpVersion.Version11;
        return client;
    }

    private static WriteUsageRequest OneRecord() => new()
    {
        ProductInstanceId = SampleMarketplace.Instance,
        UsageRecords =
        {
            new UsageRecord
            {
                Uuid = Guid.NewGuid().ToString(), SkuId = SampleMarketplace.Sku, Quantity = 2,
                Timestamp = Timestamp.FromDateTimeOffset(TimeProvider.System.GetUtcNow()),
            },
        },
    };

    private string SignJwt(JsonNode audience, double issuedSecondsAhead, bool hasNotBefore = false)
    {
        using JsonDocument key = JsonDocument.Parse(File.ReadAllText(marketplace.PublisherKey));
        double issued = (TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0) + issuedSecondsAhead;
        var header = new JsonObject { ["typ"] = "JWT", ["alg"] = "PS256", ["kid"] = key.RootElement.GetProperty("id").GetString() };
        var payload = new JsonObject
        {
            ["iss"] = key.RootElement.GetProperty("service_account_id").GetString(),
            ["aud"] = audience, ["iat"] = issued, ["exp"] = issued + 3600,
        };
        if (hasNotBefore)
            payload["nbf"] = issued;
        string signed = Encode(header) + "." + Encode(payload);
        using var rsa = RSA.Create();
        string pem = key.RootElement.GetProperty("private_key").GetString()!;
        rsa.ImportFromPem(pem.AsSpan(pem.IndexOf("-----BEGIN", StringComparison.Ordinal)));
        byte[] signature = rsa.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pss);
        return signed + "." + Base64Url.EncodeToString(signature);
    }

    private static string Encode(JsonObject part) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(part.ToJsonString()));
}
