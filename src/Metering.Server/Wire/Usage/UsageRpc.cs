using Metering.Contracts.V1;
using Metering.Grpc;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// Everything that can be read of what was counted, by method. Each reading sees what its caller may see, and nothing else
/// (<see cref="ReadGate"/>).
/// </summary>
internal sealed class UsageRpc(ReadGate gate, TotalsRpc totals, RejectionsRpc rejections, ReplaysRpc replays)
{
    /// <summary>The service, ready to be served.</summary>
    public RpcService Service() => new RpcService(UsageServiceReflection.Descriptor.Services[0])
        .Guarded(gate.Guard)
        .UnaryOverStore<QueryUsageRequest, QueryUsageResponse>("QueryUsage", totals.QueryUsageAsync, Limits.MessageBytes)
        .Unserved("LookUpRecords")
        .Unserved("ListRecords")
        .Unserved("WatchRecords")
        .Unserved("ReadFeed")
        .Unserved("SaveConsumer")
        .Unserved("ListConsumers")
        .Unserved("DeleteConsumer")
        .Unserved("ExportRecords")
        .UnaryOverStore<ListRejectedRecordsRequest, ListRejectedRecordsResponse>("ListRejectedRecords", rejections.ListAsync, Limits.MessageBytes)
        .UnaryOverStore<SummarizeRejectedRecordsRequest, SummarizeRejectedRecordsResponse>(
            "SummarizeRejectedRecords", rejections.SummarizeAsync, Limits.MessageBytes)
        .UnaryOverStore<ReplayRejectedRecordsRequest, ReplayRejectedRecordsResponse>("ReplayRejectedRecords", replays.ReplayAsync, Limits.MessageBytes)
        .UnaryOverStore<ListReplaysRequest, ListReplaysResponse>("ListReplays", replays.ListAsync, Limits.MessageBytes);
}
