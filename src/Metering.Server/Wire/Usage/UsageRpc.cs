using Metering.Contracts.V1;
using Metering.Grpc;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// Everything that can be read of what was counted, by method. Each reading sees what its caller may see, and nothing else
/// (<see cref="ReadGate"/>).
/// </summary>
internal sealed class UsageRpc(ReadGate gate, TotalsRpc totals, SkewRpc skew)
{
    /// <summary>The service, ready to be served.</summary>
    public RpcService Service() => new RpcService(UsageServiceReflection.Descriptor.Services[0])
        .Guarded(gate.Guard)
        .UnaryOverStore<QueryUsageRequest, QueryUsageResponse>("QueryUsage", totals.QueryUsageAsync, Limits.MessageBytes)
        .Unary<ListSkewRequest, ListSkewResponse>("ListSkew", skew.ListSkewAsync, Limits.MessageBytes)
        .Unserved("LookUpRecords")
        .Unserved("ListRecords")
        .Unserved("WatchRecords")
        .Unserved("ReadFeed")
        .Unserved("SaveConsumer")
        .Unserved("ListConsumers")
        .Unserved("DeleteConsumer")
        .Unserved("ExportRecords");
}
