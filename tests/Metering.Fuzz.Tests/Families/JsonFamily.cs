using System.Text;
using System.Text.Json.Nodes;

namespace Metering.Fuzz.Tests;

/// <summary>REST over HTTP/1.1: JSON bodies, URLs and query strings; at times the whole request as bytes.</summary>
internal sealed class JsonFamily : IInputFamily
{
    private static readonly string[] PathParts =
    [
        "?", "?a=b", "?productInstanceId=x", "?pageSize=1", "?pageSize=x", "?page_size=9223372036854775808", "?pageToken=%ff", "?apiEndpointId=iam",
        "?api_endpoint_id=%00", "?a=b&a=c", "?%ED%A0%80=1", "?=", "?&&&", "/", "//", "/..", "/%2e%2e", "%2F", "%00", "%zz", "%", ":", ":x", ";a=b", "#x", "%F0%9F%98%80",
        "?pageSize=1e2", "?pageSize=", "?page_token=" + "\u0441",
    ];

    private static readonly string[] Methods = ["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "POST", "X"];

    private static readonly (string, string)[] Headers =
    [
        ("Content-Type", "text/plain"), ("Content-Type", "application/json; charset=utf-16"), ("Content-Type", "application/grpc"), ("Content-Encoding", "gzip"),
        ("Content-Encoding", "identity"), ("Expect", "100-continue"), ("grpc-timeout", "1n"), ("grpc-timeout", "x"), ("grpc-timeout", "10S"), ("Accept", "text/html"),
        ("Authorization", "Bearer"), ("Authorization", "Basic x"), ("X-Client-Request-Id", "\x7F"), ("Connection", "close"), ("X-HTTP-Method-Override", "DELETE"),
    ];

    public string Name => "json";

    public int Percent => 25;

    public FuzzInput Make(Random random)
    {
        (string method, string path, string token, byte[] body) = Seed(random);
        if (body.Length > 0 && !random.OneIn(10))
            body = JsonMutator.Mutate(body, random, Seed(random).Body);
        List<(string, string)> headers = [("Host", "localhost")];
        if (body.Length > 0 || method != "GET")
            headers.Add(("Content-Length", body.Length.ToString()));
        if (body.Length > 0)
            headers.Add(("Content-Type", "application/json"));
        if (token.Length > 0)
            headers.Add(("Authorization", "Bearer " + token));
        if (random.OneIn(8))
            path = random.OneIn(4) ? Url(random.Damage(path)) : path.Insert(random.Next(path.Length + 1), Url(random.Pick(PathParts)));
        if (random.OneIn(20))
            method = random.Pick(Methods);
        if (random.OneIn(12))
            headers.Add(random.Pick(Headers));

        byte[] request = Request(method, path, headers, body);
        if (random.OneIn(10))
            {
            byte[] damaged = Damaged(request, random);
            return new FuzzInput(Carriage.Http1Connection, damaged) { Counting = CountingOf(damaged) == Counting.None ? Counting.None : Counting.Unknown };
        }

        return new FuzzInput(Carriage.Http1Request, request) { Counting = CountingOf(body) };
    }

    private static byte[] Damaged(byte[] request, Random random)
    {
        if (random.OneIn(3))
        {
            // Chunked, soundly and not.
            byte[] chunked = Encoding.Latin1.GetBytes(
                "POST /iam/v1/tokens HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{\"jwt\":\r\n4;x=y\r\n\"a\"}\r\n0\r\nx-trailer: 1\r\n\r\n");
            return ByteMutator.Mutate(chunked, random, request);
        }

        return random.OneIn(3) ? [.. request, .. ByteMutator.Mutate(request, random)] : ByteMutator.Mutate(request, random);
    }

    private static (string Method, string Path, string Token, byte[] Body) Seed(Random random)
    {
        Identity identity = Identity.Current;
        return random.Next(20) switch
        {
            < 8 => ("POST", "/marketplace/metering/v1/productUsage/write", identity.Reporter, Write(random, "productInstanceId", GrpcSeed.Instance, "acme-database-core-hours")),
            < 10 => ("POST", "/marketplace/metering/v1/imageProductUsage/write", identity.Customer, Write(random, "productId", GrpcSeed.ImageProduct, "dn272e8979uvek5cnuhk")),
            10 => ("POST", "/marketplace/v1/metering/imageProductUsage/write", identity.Customer, Write(random, "product_id", GrpcSeed.ImageProduct, "dn272e8979uvek5cnuhk")),
            11 => ("GET", $"/endpoints/{random.Pick(["iam", "marketplace", "x"])}", "", []),
            12 => ("GET", "/endpoints?pageSize=10&pageToken=x", "", []),
            13 => ("POST", "/iam/v1/tokens", "", Json(new() { ["jwt"] = "a.b.c" })),
            14 => ("POST", "/iam/v1/tokens:createForServiceAccount", identity.AdminToken, Json(new() { ["serviceAccountId"] = Identity.ReporterAccount })),
            15 => ("POST", "/iam/v1/tokens:revoke", "", Json(new() { ["iamToken"] = identity.Spare })),
            16 => ("POST", "/metering/v1/usage:query", identity.AdminToken, Json(new()
            {
                ["from"] = "2026-11-20T00:00:00Z", ["to"] = "2026-11-22T00:00:00Z", ["window"] = random.Pick(["ALL", "HOUR", "DAY"]), ["groupBy"] = new JsonArray("SKU", 2), ["skuId"] = "",
            })),
            17 => ("DELETE", "/metering/v1/keys/ajk-none", identity.AdminToken, []),
            18 => ("GET", random.Pick(["/healthz", "/readyz", "/openapi.json", "/", "/metering/v1/catalog"]), identity.AdminToken, []),
            _ => ("POST", "/metering/v1/keys", identity.AdminToken, Json(new()
            {
                ["keyId"] = "ajk-none-" + random.Next(8), ["serviceAccountId"] = Identity.ReporterAccount, ["keyAlgorithm"] = "RSA_4096", ["publicKey"] = Identity.PublicPem,
            })),
        };
    }

    private static byte[] Write(Random random, string targetName, string target, string sku) => Json(new()
    {
        [targetName] = target,
        ["usageRecords"] = new JsonArray([.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => new JsonObject
        {
            ["uuid"] = random.Uuid(),
            [random.OneIn(2) ? "skuId" : "sku_id"] = sku,
            ["quantity"] = random.OneIn(2) ? random.Next(1, 1000) : random.Next(1, 1000).ToString(),
            ["timestamp"] = "2026-11-21T11:59:00Z",
        })]),
    });

    private static byte[] Json(JsonObject value) => Encoding.UTF8.GetBytes(value.ToJsonString());

    // What is no URL any more is for damaged connections; here the request line keeps its three parts.
    private static string Url(string text) => string.Concat(text.Select(character => character is > ' ' and <= '\xFF' ? character : '.'));

    private static byte[] Request(string method, string path, List<(string Name, string Value)> headers, byte[] body) =>
    [
        .. Encoding.Latin1.GetBytes($"{method} {path} HTTP/1.1\r\n{string.Concat(headers.Select(header => $"{header.Name}: {header.Value}\r\n"))}\r\n"),
        .. body,
    ];

    // A damaged body may say dry_run in many spellings.
    private static Counting CountingOf(byte[] body)
    {
        string text = Encoding.Latin1.GetString(body);
        if (!text.Contains("uuid") && !text.Contains('\\'))
            return Counting.None;
        return text.Contains('\\') || text.Contains("dry") || text.Contains("validate") ? Counting.Unknown : Counting.Counts;
    }
}
