using System.Buffers.Binary;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Metering.Contracts.V1;
using Metering.Ledger;
using Yandex.Cloud.Endpoint;
using Yandex.Cloud.Iam.V1;
using Yandex.Cloud.Marketplace.Metering.V1;
using WireRecord = Yandex.Cloud.Marketplace.Metering.V1.UsageRecord;

namespace Metering.Fuzz.Tests;

/// <summary>A gRPC call that is in order.</summary>
/// <param name="Path">The method's path.</param>
/// <param name="Token">What it proves itself with; empty for nothing.</param>
/// <param name="Message">The request message.</param>
internal sealed record GrpcSeed(string Path, string Token, byte[] Message)
{
    public const string Instance = "acme-database-first";
    public const string Sentinel = "sentinel"; // an instance that no input names
    public const string ImageProduct = "f2e4tmlj4qqciunhr7e6";
    public const string WritePath = "/yandex.cloud.marketplace.metering.v1.ProductUsageService/Write";
    public const string ExchangePath = "/yandex.cloud.iam.v1.IamTokenService/Create";

    private const string ImageWritePath = "/yandex.cloud.marketplace.metering.v1.ImageProductUsageService/Write";
    private const string OlderWritePath = "/yandex.cloud.marketplace.v1.metering.ImageProductUsageService/Write";
    private const string ReflectionPath = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    private const string OlderReflectionPath = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

    public bool IsWrite => Path is WritePath or ImageWritePath or OlderWritePath;

    public Counting Counting => !IsWrite ? Counting.None : WriteUsageRequest.Parser.ParseFrom(Message).DryRun ? Counting.Rehearses : Counting.Counts;

    /// <summary>Most records that it brings.</summary>
    public int RecordsMaximum => IsWrite ? Message.Length / Limits.UuidCharacters : 0;

    /// <summary>Its headers, in the order in which clients send them.</summary>
    public List<(string Name, string Value)> Headers()
    {
        List<(string, string)> headers =
        [
            (":method", "POST"), (":scheme", "http"), (":path", Path), (":authority", "localhost"), ("te", "trailers"),
            ("content-type", "application/grpc"),
        ];
        if (Token.Length > 0)
            headers.Add(("authorization", "Bearer " + Token));
        return headers;
    }

    /// <summary>A message with its prefix.</summary>
    public static byte[] Frame(byte[] message, byte flag = 0, long lengthError = 0)
    {
        var frame = new byte[5 + message.Length];
        frame[0] = flag;
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), (uint)(message.Length + lengthError));
        message.CopyTo(frame, 5);
        return frame;
    }

    /// <summary>A Write about an instance, with records of its own.</summary>
    public static GrpcSeed Write(Random random) => new(WritePath, Identity.Current.Reporter, new WriteUsageRequest
    {
        DryRun = random.OneIn(8),
        ProductInstanceId = Instance,
        UsageRecords = { Records(random, "acme-database-core-hours", 4) },
    }.ToByteArray());

    /// <summary>A Write of one record that is in order, about the instance that no input names.</summary>
    public static GrpcSeed WellFormed(Random random) => new(WritePath, Identity.Current.Reporter, new WriteUsageRequest
    {
        ProductInstanceId = Sentinel,
        UsageRecords = { Records(random, "acme-database-core-hours", 1) },
    }.ToByteArray());

    /// <summary>A call of any method that changes nothing that other inputs stand on; Writes mostly.</summary>
    public static GrpcSeed Any(Random random) => random.Next(24) switch
    {
        < 10 => Write(random),
        < 13 => Image(random, ImageWritePath),
        < 15 => Image(random, OlderWritePath),
        15 => new("/yandex.cloud.iam.v1.IamTokenService/CreateForServiceAccount", random.Pick([Identity.Current.Reporter, Identity.Current.AdminToken]),
            new CreateIamTokenForServiceAccountRequest { ServiceAccountId = Identity.ReporterAccount }.ToByteArray()),
        16 => new("/yandex.cloud.iam.v1.IamTokenService/Revoke", "", new RevokeIamTokenRequest { IamToken = Identity.Current.Spare }.ToByteArray()),
        17 => new("/yandex.cloud.endpoint.ApiEndpointService/Get", "", new GetApiEndpointRequest { ApiEndpointId = "marketplace" }.ToByteArray()),
        18 => new("/yandex.cloud.endpoint.ApiEndpointService/List", "", new ListApiEndpointsRequest { PageSize = 10, PageToken = "x" }.ToByteArray()),
        19 => new("/metering.v1.UsageService/QueryUsage", Identity.Current.AdminToken, Question(random).ToByteArray()),
        20 => random.OneIn(3)
            ? new("/metering.v1.CatalogService/RegisterKey", Identity.Current.AdminToken, Key().ToByteArray())
            : new("/metering.v1.CatalogService/DeleteKey", Identity.Current.AdminToken, new DeleteKeyRequest { KeyId = "ajk-none" }.ToByteArray()),
        21 => new("/metering.v1.CatalogService/Apply", "", new ApplyCatalogRequest { Yaml = "version: 1\n", FileName = "catalog.yaml", DryRun = true }.ToByteArray()),
        22 => new("/grpc.health.v1.Health/Check", "", TextField(1, "metering.v1.UsageService")),
        _ => new(random.Pick([ReflectionPath, OlderReflectionPath]), "", Reflection(random)),
    };

    private static GrpcSeed Image(Random random, string path) => new(path, Identity.Current.Customer, new WriteImageProductUsageRequest
    {
        ValidateOnly = random.OneIn(8),
        ProductId = ImageProduct,
        UsageRecords = { Records(random, "dn272e8979uvek5cnuhk", 4) },
    }.ToByteArray());

    private static IEnumerable<WireRecord> Records(Random random, string sku, int maximum) =>
        Enumerable.Range(0, random.Next(1, maximum + 1)).Select(_ => new WireRecord
        {
            Uuid = random.Uuid(),
            SkuId = sku,
            Quantity = random.Next(1, 1000),
            Timestamp = Timestamp.FromDateTimeOffset(Identity.Now - TimeSpan.FromSeconds(random.Next(3600))),
        });

    private static QueryUsageRequest Question(Random random) => new()
    {
        From = Timestamp.FromDateTimeOffset(Identity.Now - TimeSpan.FromHours(random.Next(48))),
        To = Timestamp.FromDateTimeOffset(Identity.Now),
        Window = (QueryUsageRequest.Types.Window)random.Next(3),
        GroupBy = { QueryUsageRequest.Types.Dimension.Sku, QueryUsageRequest.Types.Dimension.Product },
        ProductId = "acme-database",
    };

    private static RegisterKeyRequest Key() => new()
    {
        KeyId = "ajk-new",
        ServiceAccountId = Identity.ReporterAccount,
        KeyAlgorithm = "RSA_2048",
        PublicKey = Identity.PublicPem,
    };

    private static byte[] Reflection(Random random) => random.OneIn(2)
        ? TextField(7, "*") // list_services
        : TextField(4, "metering.v1.UsageService"); // file_containing_symbol

    // Messages whose types are not public.
    private static byte[] TextField(int number, string text) => [(byte)((number << 3) | 2), (byte)text.Length, .. System.Text.Encoding.ASCII.GetBytes(text)];
}
