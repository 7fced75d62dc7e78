using Metering.Contracts.V1;
using Yandex.Cloud.Endpoint;
using Yandex.Cloud.Iam.V1;
using Yandex.Cloud.Marketplace.Metering.V1;

namespace Metering.Client;

/// <summary>Every method that the client calls. A Write is repeatable because its records carry uuids.</summary>
internal static class Methods
{
    private const string Metering = "/yandex.cloud.marketplace.metering.v1.";
    private const string Usage = "/metering.v1.UsageService/";
    private const string Iam = "/yandex.cloud.iam.v1.IamTokenService/";
    private const string Archives = "/metering.v1.ArchiveService/";
    private const string Catalog = "/metering.v1.CatalogService/";

    public static readonly RpcMethod<WriteUsageRequest, WriteUsageResponse> WriteProductUsage =
        new(Metering + "ProductUsageService/Write", WriteUsageResponse.Parser, IsRepeatable: true);

    public static readonly RpcMethod<WriteImageProductUsageRequest, WriteImageProductUsageResponse> WriteImageProductUsage =
        new(Metering + "ImageProductUsageService/Write", WriteImageProductUsageResponse.Parser, IsRepeatable: true);

    public static readonly RpcMethod<CreateIamTokenRequest, CreateIamTokenResponse> CreateToken =
        new(Iam + "Create", CreateIamTokenResponse.Parser, IsRepeatable: true);

    public static readonly RpcMethod<RevokeIamTokenRequest, RevokeIamTokenResponse> RevokeToken =
        new(Iam + "Revoke", RevokeIamTokenResponse.Parser, IsRepeatable: false);

    public static readonly RpcMethod<ListApiEndpointsRequest, ListApiEndpointsResponse> ListEndpoints =
        new("/yandex.cloud.endpoint.ApiEndpointService/List", ListApiEndpointsResponse.Parser, IsRepeatable: true);

    public static readonly RpcMethod<ApplyCatalogRequest, ApplyCatalogResponse> ApplyCatalog =
        new(Catalog + "Apply", ApplyCatalogResponse.Parser, IsRepeatable: false);

    public static readonly RpcMethod<GetCatalogRequest, GetCatalogResponse> GetCatalog =
        new(Catalog + "Get", GetCatalogResponse.Parser, IsRepeatable: true);

    public static readonly RpcMethod<RegisterKeyRequest, RegisterKeyResponse> RegisterKey =
        new(Catalog + "RegisterKey", RegisterKeyResponse.Parser, IsRepeatable: false);

    public static readonly RpcMethod<DeleteKeyRequest, DeleteKeyResponse> DeleteKey =
        new(Catalog + "DeleteKey", DeleteKeyResponse.Parser, IsRepeatable: false);

    public static readonly RpcMethod<RotateSigningKeyRequest, RotateSigningKeyResponse> RotateSigningKey =
        new("/metering.v1.SigningKeyService/Rotate", RotateSigningKeyResponse.Parser, IsRepeatable: false);

    public static readonly RpcMethod<CreateArchiveRequest, CreateArchiveResponse> CreateArchive =
        new(Archives + "Create", CreateArchiveResponse.Parser, IsRepeatable: false);

    public static readonly RpcMethod<ListArchivesRequest, ListArchivesResponse> ListArchives =
        new(Archives + "List", ListArchivesResponse.Parser, IsRepeatable: true);

    public static readonly RpcMethod<VerifyArchiveRequest, VerifyArchiveResponse> VerifyArchive =
        new(Archives + "Verify", VerifyArchiveResponse.Parser, IsRepeatable: true);

    public static readonly RpcMethod<ReadArchivedRecordsRequest, ReadArchivedRecordsResponse> ReadArchivedRecords =
        new(Archives + "ReadRecords", ReadArchivedRecordsResponse.Parser, IsRepeatable: true);

    public static readonly RpcMethod<QueryUsageRequest, QueryUsageResponse> QueryUsage =
        new(Usage + "QueryUsage", QueryUsageResponse.Parser, IsRepeatable: true);

    public static readonly RpcMethod<LookUpRecordsRequest, LookUpRecordsResponse> LookUpRecords =
        new(Usage + "LookUpRecords", LookUpRecordsResponse.Parser, IsRepeatable: true);

    public static readonly RpcMethod<ListRecordsRequest, ListRecordsResponse> ListRecords =
        new(Usage + "ListRecords", ListRecordsResponse.Parser, IsRepeatable: true);

    public static readonly RpcMethod<WatchRecordsRequest, WatchRecordsResponse> WatchRecords =
        new(Usage + "WatchRecords", WatchRecordsResponse.Parser, IsRepeatable: true);

    public static readonly RpcMethod<ExportRecordsRequest, ExportRecordsResponse> ExportRecords =
        new(Usage + "ExportRecords", ExportRecordsResponse.Parser, IsRepeatable: true);

    public static readonly RpcMethod<ListConsumersRequest, ListConsumersResponse> ListConsumers =
        new(Usage + "ListConsumers", ListConsumersResponse.Parser, IsRepeatable: true);

    public static readonly RpcMethod<DeleteConsumerRequest, DeleteConsumerResponse> DeleteConsumer =
        new(Usage + "DeleteConsumer", DeleteConsumerResponse.Parser, IsRepeatable: false);

    public static readonly RpcMethod<GetStatementRequest, GetStatementResponse> GetStatement =
        new(Usage + "GetStatement", GetStatementResponse.Parser, IsRepeatable: true);

    public static readonly RpcMethod<VerifyLedgerRequest, VerifyLedgerResponse> VerifyLedger =
        new(Usage + "VerifyLedger", VerifyLedgerResponse.Parser, IsRepeatable: true);

    public static readonly RpcMethod<ListSkewRequest, ListSkewResponse> ListSkew =
        new(Usage + "ListSkew", ListSkewResponse.Parser, IsRepeatable: true);

    public static readonly RpcMethod<ListRejectedRecordsRequest, ListRejectedRecordsResponse> ListRejectedRecords =
        new(Usage + "ListRejectedRecords", ListRejectedRecordsResponse.Parser, IsRepeatable: true);

    public static readonly RpcMethod<SummarizeRejectedRecordsRequest, SummarizeRejectedRecordsResponse> SummarizeRejectedRecords =
        new(Usage + "SummarizeRejectedRecords", SummarizeRejectedRecordsResponse.Parser, IsRepeatable: true);

    public static readonly RpcMethod<ReplayRejectedRecordsRequest, ReplayRejectedRecordsResponse> ReplayRejectedRecords =
        new(Usage + "ReplayRejectedRecords", ReplayRejectedRecordsResponse.Parser, IsRepeatable: true);

    public static readonly RpcMethod<ListReplaysRequest, ListReplaysResponse> ListReplays =
        new(Usage + "ListReplays", ListReplaysResponse.Parser, IsRepeatable: true);

    /// <summary>What was saved may be saved again, unless it was to replace a certain place: then the repetition would not find it.</summary>
    public static RpcMethod<SaveConsumerRequest, SaveConsumerResponse> SaveConsumer(bool expectsPlace) =>
        new(Usage + "SaveConsumer", SaveConsumerResponse.Parser, IsRepeatable: !expectsPlace);

    // Repeatable because its order carries a number.
    public static readonly RpcMethod<CorrectRecordRequest, CorrectRecordResponse> CorrectRecord =
        new(Usage + "CorrectRecord", CorrectRecordResponse.Parser, IsRepeatable: true);

    public static readonly RpcMethod<ListCorrectionsRequest, ListCorrectionsResponse> ListCorrections =
        new(Usage + "ListCorrections", ListCorrectionsResponse.Parser, IsRepeatable: true);
}
