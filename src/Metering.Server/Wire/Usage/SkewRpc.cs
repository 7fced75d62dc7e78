using Google.Protobuf.WellKnownTypes;
using Metering.Contracts.V1;
using Metering.Grpc;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>How far the timestamps of each account's records are from the server's clock.</summary>
internal sealed class SkewRpc(CatalogHolder catalog, SkewWatch watch)
{
    /// <summary>Answers <c>ListSkew</c>.</summary>
    public ValueTask<RpcResult<ListSkewResponse>> ListSkewAsync(ListSkewRequest request, RpcCall call)
    {
        ReadScope scope = ReadGate.ScopeOf(call);
        CatalogSnapshot snapshot = catalog.Current;
        var answer = new ListSkewResponse
        {
            Started = Timestamp.FromDateTimeOffset(watch.Started),
            AcceptanceWindow = Duration.FromTimeSpan(watch.Warning.Window),
            FutureTolerance = Duration.FromTimeSpan(watch.Warning.FutureTolerance),
            LagWarning = Duration.FromTimeSpan(watch.Warning.Lag),
            LeadWarning = Duration.FromTimeSpan(watch.Warning.Lead),
            UnmeasuredRecords = scope.IsEverything ? watch.UnmeasuredRecords : 0,
        };
        foreach (SkewReport report in watch.Report())
        {
            bool isAsked = request.ServiceAccountId.Length == 0 || request.ServiceAccountId == report.AccountId;
            if (isAsked && scope.CoversAccount(report.AccountId, snapshot))
                answer.Accounts.Add(Message(report));
        }

        return new(answer);
    }

    private static AccountSkew Message(SkewReport report) => new()
    {
        ServiceAccountId = report.AccountId,
        LastHour = new TimestampSkew { Lag = Message(report.LagOfLastHour), Lead = Message(report.LeadOfLastHour) },
        SinceStart = new TimestampSkew { Lag = Message(report.Lag), Lead = Message(report.Lead) },
        Warnings = report.Warnings,
        LastWrite = Timestamp.FromDateTimeOffset(report.LastWrite),
    };

    private static SkewFigures Message(SkewSummary summary) => new()
    {
        Records = summary.Records,
        P50 = Duration.FromTimeSpan(summary.P50),
        P99 = Duration.FromTimeSpan(summary.P99),
        Max = Duration.FromTimeSpan(summary.Max),
    };
}
