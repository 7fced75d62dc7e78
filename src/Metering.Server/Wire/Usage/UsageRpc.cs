using Metering.Contracts.V1;
using Metering.Grpc;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// Everything that can be read of what was counted, by method. Each reading sees what its caller may see, and nothing else
/// (<see cref="ReadGate"/>).
/// </summary>
internal sealed class UsageRpc(
    ReadGate gate, TotalsRpc totals, LookUpRpc lookUp, RecordsRpc records, FeedRpc feed, ConsumersRpc consumers, ExportRpc export,
    RejectionsRpc rejections, ReplaysRpc replays, CorrectionsRpc corrections, SkewRpc skew,
    StatementsRpc statements, VerifyRpc verify)
{
    /// <summary>The service, ready to be served.</summary>
    public RpcService Service() => new RpcService(UsageServiceReflection.Descriptor.Services[0])
        .Guarded(gate.Guard)
        .UnaryOverStore<QueryUsageRequest, QueryUsageResponse>("QueryUsage", totals.QueryUsageAsync, Limits.MessageBytes)
        .UnaryOverStore<LookUpRecordsRequest, LookUpRecordsResponse>("LookUpRecords", lookUp.LookUpRecordsAsync, Limits.MessageBytes)
        .UnaryOverStore<ListRecordsRequest, ListRecordsResponse>("ListRecords", records.ListRecordsAsync, Limits.MessageBytes)
        .ServerStreamingOverStore<WatchRecordsRequest, WatchRecordsResponse>("WatchRecords", feed.WatchRecordsAsync, Limits.MessageBytes)
        .UnaryOverStore<ReadFeedRequest, ReadFeedResponse>("ReadFeed", feed.ReadFeedAsync, Limits.MessageBytes)
        .UnaryOverStore<SaveConsumerRequest, SaveConsumerResponse>("SaveConsumer", consumers.SaveConsumerAsync, Limits.MessageBytes)
        .UnaryOverStore<ListConsumersRequest, ListConsumersResponse>("ListConsumers", consumers.ListConsumersAsync, Limits.MessageBytes)
        .UnaryOverStore<DeleteConsumerRequest, DeleteConsumerResponse>("DeleteConsumer", consumers.DeleteConsumerAsync, Limits.MessageBytes)
        .ServerStreamingOverStore<ExportRecordsRequest, ExportRecordsResponse>("ExportRecords", export.ExportRecordsAsync, Limits.MessageBytes)
        .UnaryOverStore<ListRejectedRecordsRequest, ListRejectedRecordsResponse>("ListRejectedRecords", rejections.ListAsync, Limits.MessageBytes)
        .UnaryOverStore<SummarizeRejectedRecordsRequest, SummarizeRejectedRecordsResponse>(
            "SummarizeRejectedRecords", rejections.SummarizeAsync, Limits.MessageBytes)
        .UnaryOverStore<ReplayRejectedRecordsRequest, ReplayRejectedRecordsResponse>("ReplayRejectedRecords", replays.ReplayAsync, Limits.MessageBytes)
        .UnaryOverStore<ListReplaysRequest, ListReplaysResponse>("ListReplays", replays.ListAsync, Limits.MessageBytes)
        .UnaryOverStore<CorrectRecordRequest, CorrectRecordResponse>("CorrectRecord", corrections.CorrectRecordAsync, Limits.MessageBytes)
        .UnaryOverStore<ListCorrectionsRequest, ListCorrectionsResponse>("ListCorrections", corrections.ListCorrectionsAsync, Limits.MessageBytes)
        .Unary<ListSkewRequest, ListSkewResponse>("ListSkew", skew.ListSkewAsync, Limits.MessageBytes)
        .UnaryOverStore<GetStatementRequest, GetStatementResponse>("GetStatement", statements.GetStatementAsync, Limits.MessageBytes)
        .ServerStreamingOverStore<VerifyLedgerRequest, VerifyLedgerResponse>("VerifyLedger", verify.VerifyLedgerAsync, Limits.MessageBytes);
}
