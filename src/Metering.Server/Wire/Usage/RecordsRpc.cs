using Google.Protobuf;
using Metering.Contracts.V1;
using Metering.Grpc;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>Accepted records, page by page.</summary>
internal sealed class RecordsRpc(CatalogHolder catalog, IMeteringStore store)
{
    /// <summary>Answers <c>ListRecords</c>.</summary>
    public async ValueTask<RpcResult<ListRecordsResponse>> ListRecordsAsync(ListRecordsRequest request, RpcCall call)
    {
        var faults = new List<FieldFault>();
        RecordQuestion question = RecordMessages.QuestionOf(request.Filter, faults);
        int size = RecordMessages.SizeOf(request.PageSize, faults);
        byte[] asked = request.Filter?.ToByteArray() ?? [];
        if (!PageToken.TryRead(request.PageToken, asked, out byte[] place))
            faults.Add(TokenFault("is none that was given for this question"));
        if (faults.Count > 0)
            return RefusalStatus.Of(Refusal.InvalidFields(faults));
        var view = new RecordView(ReadGate.ScopeOf(call), question, catalog);
        var walk = new RecordWalk(store.Records, view);
        try
        {
            LedgerCursor begin = await walk.BeginAsync(new LedgerCursor(place), call.CancellationToken);
            WalkStep step = await walk.StepAsync(begin, size, call.CancellationToken);
            return new ListRecordsResponse
            {
                Records = { step.Records.Select(seen => RecordMessages.Describe(seen, view)) },
                NextPageToken = step.IsEnd ? string.Empty : PageToken.Write(asked, step.Next.Bytes.Span),
            };
        }
        catch (UnknownCursorException fault)
        {
            return RefusalStatus.Of(Refusal.InvalidFields([TokenFault(fault.Message)]));
        }
    }

    private static FieldFault TokenFault(string problem) => new("page_token", problem);
}
