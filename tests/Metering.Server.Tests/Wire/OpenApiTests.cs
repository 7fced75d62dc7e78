using System.Net;
using System.Text.Json.Nodes;
using Google.Api;
using Google.Protobuf.Reflection;
using Metering.Contracts.V1;
using Yandex.Cloud.Endpoint;
using Yandex.Cloud.Iam.V1;
using Current = Yandex.Cloud.Marketplace.Metering.V1;
using Older = Yandex.Cloud.Marketplace.V1.Metering;

namespace Metering.Server.Tests;

/// <summary>The description of the REST paths is whole, sound and true.</summary>
public class OpenApiTests
{
    private static readonly FileDescriptor[] Files =
    [
        Current.ProductUsageServiceReflection.Descriptor, Current.ImageProductUsageServiceReflection.Descriptor,
        Older.ImageProductUsageServiceReflection.Descriptor, IamTokenServiceReflection.Descriptor,
        ApiEndpointServiceReflection.Descriptor, CatalogServiceReflection.Descriptor, UsageServiceReflection.Descriptor,
        SigningKeyServiceReflection.Descriptor, ArchiveServiceReflection.Descriptor,
    ];

    private static readonly string[] Secured = ["bearer"];

    [Fact]
    public async Task Every_binding_of_every_service_is_in_it()
    {
        (string, string)[] expected = [.. Files.SelectMany(file => file.Services).SelectMany(service => service.Methods)
            .Select(method => method.GetOptions()?.GetExtension(AnnotationsExtensions.Http))
            .OfType<HttpRule>() // the others are for gRPC alone
            .Select(rule => rule.PatternCase switch
            {
                HttpRule.PatternOneofCase.Get => ("get", rule.Get),
                HttpRule.PatternOneofCase.Post => ("post", rule.Post),
                _ => ("delete", rule.Delete),
            })
            .Select(rule => (rule.Item1, rule.Item2.Replace("{api_endpoint_id}", "{apiEndpointId}").Replace("{key_id}", "{keyId}").Replace("{file_name}", "{fileName}")))];
        JsonNode document = await DocumentAsync();
        Assert.Equal(expected.Order(), Operations(document).Select(one => (one.HttpMethod, one.Path)).Order());
        Assert.Equal("3.0.3", (string)document["openapi"]!);
    }

    [Fact]
    public async Task Every_reference_leads_to_something_and_every_operation_has_its_own_id()
    {
        JsonNode document = await DocumentAsync();
        string[] references = [.. References(document)];
        Assert.NotEmpty(references);
        foreach (string reference in references)
            Assert.True(reference[2..].Split('/').Aggregate((JsonNode?)document, (node, name) => node?[name]) is JsonObject, reference);
        string[] ids = [.. Operations(document).Select(one => (string)one.Operation["operationId"]!)];
        Assert.Equal(ids.Length, ids.Distinct().Count());
        foreach ((string path, string httpMethod, JsonNode operation) in Operations(document))
        {
            Assert.NotNull(operation["responses"]!["200"]!["content"]!["application/json"]!["schema"]);
            Assert.NotNull(operation["responses"]!["default"]);
            IEnumerable<string> inPath = (operation["parameters"]?.AsArray() ?? []).Where(one => (string)one!["in"]! == "path").Select(one => $"{{{one!["name"]}}}");
            Assert.Equal(path.Split('/').Where(part => part.StartsWith('{')), inPath);
            Assert.Equal(httpMethod == "post", operation["requestBody"] is not null);
        }
    }

    [Fact]
    public async Task Types_are_those_of_the_json_that_is_served()
    {
        JsonNode schemas = (await DocumentAsync())["components"]!["schemas"]!;
        JsonNode record = schemas["yandex.cloud.marketplace.metering.v1.UsageRecord"]!["properties"]!;
        Assert.Equal("""{"type":"string","format":"int64"}""", record["quantity"]!.ToJsonString());
        Assert.Equal("""{"type":"string","format":"date-time"}""", record["timestamp"]!.ToJsonString());
        Assert.Equal("""{"type":"string"}""", record["skuId"]!.ToJsonString());
        JsonNode reason = schemas["yandex.cloud.marketplace.metering.v1.RejectedUsageRecord.Reason"]!;
        Assert.Equal("string", (string)reason["type"]!);
        Assert.Contains("INVALID_SKU_ID", reason["enum"]!.AsArray().Select(value => (string)value!));
        JsonNode request = schemas["yandex.cloud.marketplace.metering.v1.WriteUsageRequest"]!["properties"]!["usageRecords"]!;
        Assert.Equal("""{"type":"array","items":{"$ref":"#/components/schemas/yandex.cloud.marketplace.metering.v1.UsageRecord"}}""", request.ToJsonString());
    }

    [Fact]
    public async Task A_token_is_demanded_exactly_where_the_document_says()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        foreach ((string path, string httpMethod, JsonNode operation) in Operations((await server.GetAsync("/openapi.json")).Body))
        {
            string target = path.Replace("{apiEndpointId}", "iam").Replace("{keyId}", "key");
            HttpStatusCode status = (httpMethod switch
            {
                "get" => await server.GetAsync(target),
                "delete" => await server.DeleteAsync(target, token: null),
                _ => await server.PostAsync(target, """{"serviceAccountId": "acme-reporter"}""", token: null),
            }).Status;
            Assert.NotEqual(HttpStatusCode.NotFound, status);
            Assert.True((status == HttpStatusCode.Unauthorized) == operation["security"] is not null, $"{path}: {status}");
            Assert.Equal(operation["security"] is null ? [] : Secured, operation["security"]?.AsArray().SelectMany(one => one!.AsObject().Select(pair => pair.Key)) ?? []);
        }
    }

    private static async Task<JsonNode> DocumentAsync()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        (HttpStatusCode status, JsonNode body) = await server.GetAsync("/openapi.json");
        Assert.Equal(HttpStatusCode.OK, status);
        return body;
    }

    private static IEnumerable<(string Path, string HttpMethod, JsonNode Operation)> Operations(JsonNode document) =>
        document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(one => (path.Key, one.Key, one.Value!)));

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject members => members.SelectMany(member => member.Key == "$ref" ? [(string)member.Value!] : References(member.Value)),
        JsonArray elements => elements.SelectMany(References),
        _ => [],
    };
}
