using Google.Api;
using Google.Protobuf.Reflection;
using Metering.Contracts.V1;
using Yandex.Cloud.Endpoint;
using Yandex.Cloud.Iam.V1;
using Current = Yandex.Cloud.Marketplace.Metering.V1;
using Older = Yandex.Cloud.Marketplace.V1.Metering;

namespace Metering.Contracts.Tests;

/// <summary>Every name, number and type of the wire contract, written out: clients that exist depend on them.</summary>
public class WireContractTests
{
    private static readonly FileDescriptor[] Files =
    [
        Current.UsageRecordReflection.Descriptor,
        Current.ProductUsageServiceReflection.Descriptor,
        Current.ImageProductUsageServiceReflection.Descriptor,
        Older.UsageRecordReflection.Descriptor,
        Older.ImageProductUsageServiceReflection.Descriptor,
        ApiEndpointReflection.Descriptor,
        ApiEndpointServiceReflection.Descriptor,
        IamTokenServiceReflection.Descriptor,
        ArchiveServiceReflection.Descriptor,
        SigningKeyServiceReflection.Descriptor,
    ];

    private const string UsageRecords = """
        UsageRecord: string uuid = 1; string sku_id = 2; int64 quantity = 3; google.protobuf.Timestamp timestamp = 4
        AcceptedUsageRecord: string uuid = 1
        RejectedUsageRecord: string uuid = 1; {0}.RejectedUsageRecord.Reason reason = 2
        RejectedUsageRecord.Reason: REASON_UNSPECIFIED = 0; DUPLICATE = 1; EXPIRED = 2; INVALID_TIMESTAMP = 3; INVALID_SKU_ID = 4; INVALID_PRODUCT_ID = 5; INVALID_QUANTITY = 6; INVALID_ID = 7
        """;

    private const string ImageProductUsage = """
        WriteImageProductUsageRequest: bool validate_only = 1; string product_id = 2; repeated {0}.UsageRecord usage_records = 3
        WriteImageProductUsageResponse: repeated {0}.AcceptedUsageRecord accepted = 1; repeated {0}.RejectedUsageRecord rejected = 2
        """;

    public static TheoryData<string, string> Messages => new()
    {
        { "yandex/cloud/marketplace/metering/v1/usage_record.proto", UsageRecords.Replace("{0}", "yandex.cloud.marketplace.metering.v1") },
        { "yandex/cloud/marketplace/v1/metering/usage_record.proto", UsageRecords.Replace("{0}", "yandex.cloud.marketplace.v1.metering") },
        { "yandex/cloud/marketplace/metering/v1/image_product_usage_service.proto", ImageProductUsage.Replace("{0}", "yandex.cloud.marketplace.metering.v1") },
        { "yandex/cloud/marketplace/v1/metering/image_product_usage_service.proto", ImageProductUsage.Replace("{0}", "yandex.cloud.marketplace.v1.metering") },
        {
            "yandex/cloud/marketplace/metering/v1/product_usage_service.proto",
            """
            WriteUsageRequest: bool dry_run = 1; string product_instance_id = 2; repeated yandex.cloud.marketplace.metering.v1.UsageRecord usage_records = 3
            WriteUsageResponse: repeated yandex.cloud.marketplace.metering.v1.AcceptedUsageRecord accepted = 1; repeated yandex.cloud.marketplace.metering.v1.RejectedUsageRecord rejected = 2
            """
        },
        { "yandex/cloud/endpoint/api_endpoint.proto", "ApiEndpoint: string id = 1; string address = 2" },
        {
            "yandex/cloud/endpoint/api_endpoint_service.proto",
            """
            GetApiEndpointRequest: string api_endpoint_id = 1
            ListApiEndpointsRequest: int64 page_size = 1; string page_token = 2
            ListApiEndpointsResponse: repeated yandex.cloud.endpoint.ApiEndpoint endpoints = 1; string next_page_token = 2
            """
        },
        {
            "yandex/cloud/iam/v1/iam_token_service.proto",
            """
            CreateIamTokenRequest: oneof identity string yandex_passport_oauth_token = 1; oneof identity string jwt = 2
            CreateIamTokenResponse: string iam_token = 1; google.protobuf.Timestamp expires_at = 2
            CreateIamTokenForServiceAccountRequest: string service_account_id = 1
            RevokeIamTokenRequest: string iam_token = 1
            RevokeIamTokenResponse: string subject_id = 1
            """
        },
        {
            "metering/v1/signing_key_service.proto",
            """
            RotateSigningKeyRequest: bool drop_older = 1
            RotateSigningKeyResponse: repeated metering.v1.SigningKey keys = 1
            SigningKey: string key_id = 1; string created_at = 2; string verifies_until = 3
            """
        },
        {
            "metering/v1/archive_service.proto",
            """
            Archive: string file_name = 1; int64 first_batch = 2; int64 last_batch = 3; int64 records = 4; int64 bytes = 5; google.protobuf.Timestamp first_accepted = 6; google.protobuf.Timestamp last_accepted = 7; string sha256 = 8; bool present = 9
            CreateArchiveRequest: google.protobuf.Duration older_than = 1; google.protobuf.Timestamp accepted_before = 2; bool dry_run = 3; int64 after_batch = 4
            CreateArchiveResponse: metering.v1.Archive archive = 1; google.protobuf.Timestamp accepted_before = 2; string folder = 3
            ListArchivesRequest:
            ListArchivesResponse: repeated metering.v1.Archive archives = 1; string folder = 2
            VerifyArchiveRequest: string file_name = 1
            VerifyArchiveResponse: metering.v1.Archive archive = 1; bool noted = 2; repeated string differences = 3
            ReadArchivedRecordsRequest: string file_name = 1; int32 page_size = 2; string page_token = 3
            ArchivedRecord: string uuid = 1; string product_id = 2; string product_instance_id = 3; string billing_account_id = 4; string sku_id = 5; string unit = 6; int64 quantity = 7; google.protobuf.Timestamp timestamp = 8; google.protobuf.Timestamp accepted = 9; string service_account_id = 10; string request_id = 11
            ReadArchivedRecordsResponse: repeated metering.v1.ArchivedRecord records = 1; string next_page_token = 2
            """
        },
    };

    public static TheoryData<string, string> Methods => new()
    {
        {
            "yandex/cloud/marketplace/metering/v1/product_usage_service.proto",
            "yandex.cloud.marketplace.metering.v1.ProductUsageService/Write (WriteUsageRequest) -> WriteUsageResponse POST /marketplace/metering/v1/productUsage/write *"
        },
        {
            "yandex/cloud/marketplace/metering/v1/image_product_usage_service.proto",
            "yandex.cloud.marketplace.metering.v1.ImageProductUsageService/Write (WriteImageProductUsageRequest) -> WriteImageProductUsageResponse POST /marketplace/metering/v1/imageProductUsage/write *"
        },
        {
            "yandex/cloud/marketplace/v1/metering/image_product_usage_service.proto",
            "yandex.cloud.marketplace.v1.metering.ImageProductUsageService/Write (WriteImageProductUsageRequest) -> WriteImageProductUsageResponse POST /marketplace/v1/metering/imageProductUsage/write *"
        },
        {
            "yandex/cloud/endpoint/api_endpoint_service.proto",
            """
            yandex.cloud.endpoint.ApiEndpointService/Get (GetApiEndpointRequest) -> ApiEndpoint GET /endpoints/{api_endpoint_id}
            yandex.cloud.endpoint.ApiEndpointService/List (ListApiEndpointsRequest) -> ListApiEndpointsResponse GET /endpoints
            """
        },
        {
            "yandex/cloud/iam/v1/iam_token_service.proto",
            """
            yandex.cloud.iam.v1.IamTokenService/Create (CreateIamTokenRequest) -> CreateIamTokenResponse POST /iam/v1/tokens *
            yandex.cloud.iam.v1.IamTokenService/CreateForServiceAccount (CreateIamTokenForServiceAccountRequest) -> CreateIamTokenResponse POST /iam/v1/tokens:createForServiceAccount *
            yandex.cloud.iam.v1.IamTokenService/Revoke (RevokeIamTokenRequest) -> RevokeIamTokenResponse POST /iam/v1/tokens:revoke *
            """
        },
        {
            "metering/v1/signing_key_service.proto",
            "metering.v1.SigningKeyService/Rotate (RotateSigningKeyRequest) -> RotateSigningKeyResponse POST /metering/v1/signingKeys:rotate *"
        },
        {
            "metering/v1/archive_service.proto",
            """
            metering.v1.ArchiveService/Create (CreateArchiveRequest) -> CreateArchiveResponse POST /metering/v1/archives *
            metering.v1.ArchiveService/List (ListArchivesRequest) -> ListArchivesResponse GET /metering/v1/archives
            metering.v1.ArchiveService/Verify (VerifyArchiveRequest) -> VerifyArchiveResponse GET /metering/v1/archives/{file_name}/verification
            metering.v1.ArchiveService/ReadRecords (ReadArchivedRecordsRequest) -> ReadArchivedRecordsResponse GET /metering/v1/archives/{file_name}/records
            """
        },
    };

    [Theory]
    [MemberData(nameof(Messages))]
    public void Messages_are_exactly_as_published(string file, string expected) =>
        Assert.Equal(Lines(expected), FileOf(file).MessageTypes.SelectMany(Describe));

    [Theory]
    [MemberData(nameof(Methods))]
    public void Methods_are_exactly_as_published(string file, string expected) =>
        Assert.Equal(Lines(expected), FileOf(file).Services.SelectMany(service => service.Methods).Select(Describe));

    [Fact]
    public void Every_file_of_the_contract_is_frozen_here()
    {
        Assert.Equal(Files.Select(file => file.Name).Order(), Messages.Select(row => row.Data.Item1).Order());
        Assert.Equal(
            Files.Where(file => file.Services.Count > 0).Select(file => file.Name).Order(),
            Methods.Select(row => row.Data.Item1).Order());
    }

    private static FileDescriptor FileOf(string name) => Assert.Single(Files, file => file.Name == name);

    private static string[] Lines(string text) => text.ReplaceLineEndings("\n").Split('\n');

    private static IEnumerable<string> Describe(MessageDescriptor message) =>
        [
            $"{message.Name}: {string.Join("; ", message.Fields.InFieldNumberOrder().Select(Describe))}".TrimEnd(),
            .. message.EnumTypes.Select(type =>
                $"{message.Name}.{type.Name}: {string.Join("; ", type.Values.Select(value => $"{value.Name} = {value.Number}"))}"),
        ];

    private static string Describe(FieldDescriptor field)
    {
        string type = field.FieldType switch
        {
            FieldType.Message => field.MessageType.FullName,
            FieldType.Enum => field.EnumType.FullName,
            _ => field.FieldType.ToString().ToLowerInvariant(),
        };
        string prefix = field.IsRepeated ? "repeated " : field.ContainingOneof is { } oneof ? $"oneof {oneof.Name} " : "";
        return $"{prefix}{type} {field.Name} = {field.FieldNumber}";
    }

    private static string Describe(MethodDescriptor method)
    {
        HttpRule rule = method.GetOptions().GetExtension(AnnotationsExtensions.Http);
        string verb = rule.PatternCase == HttpRule.PatternOneofCase.Get ? $"GET {rule.Get}" : $"POST {rule.Post} {rule.Body}";
        Assert.False(method.IsClientStreaming || method.IsServerStreaming);
        return $"{method.Service.FullName}/{method.Name} ({method.InputType.Name}) -> {method.OutputType.Name} {verb}";
    }
}
