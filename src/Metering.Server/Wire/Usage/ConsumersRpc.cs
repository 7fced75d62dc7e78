using Metering.Contracts.V1;
using Metering.Grpc;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>Places in the feed that are kept under names.</summary>
internal sealed class ConsumersRpc(IMeteringStore store, TimeProvider time)
{
    private const string Nothing = "start"; // no cursor has this text: it is no base64

    /// <summary>Answers <c>SaveConsumer</c>.</summary>
    public async ValueTask<RpcResult<SaveConsumerResponse>> SaveConsumerAsync(SaveConsumerRequest request, RpcCall call)
    {
        var faults = new List<FieldFault>();
        FeedStart.CheckName(request.Name, "name", faults);
        LedgerCursor cursor = FeedStart.CursorOf(request.Cursor, "cursor", faults);
        LedgerCursor? expected = request.ExpectedCursor switch
        {
            "" => null,
            Nothing => LedgerCursor.Start,
            string text => FeedStart.CursorOf(text, "expected_cursor", faults),
        };
        if (faults.Count == 0 && await FaultOfAsync(cursor, call) is { } unknown)
            faults.Add(unknown);
        if (faults.Count > 0)
            return RefusalStatus.Of(Refusal.InvalidFields(faults));
        var place = new ConsumerPlace(request.Name, cursor, MeteringClock.ToUnixNanoseconds(time.GetUtcNow()));
        ConsumerAnswer answer = await store.Consumers.SaveAsync(ReadGate.ScopeOf(call).Name, place, expected, call.CancellationToken);
        return answer.Outcome switch
        {
            ConsumerOutcome.Saved => new SaveConsumerResponse { Consumer = Describe(place) },
            ConsumerOutcome.Conflict => RefusalStatus.Of(new Refusal(
                RefusalKind.Conflict,
                $"Another place is kept for the consumer {request.Name} than was expected ({(answer.Kept.IsStart ? "the first record" : answer.Kept)}): "
                + "somebody else reads under this name.")),
            _ => RefusalStatus.Of(new Refusal(
                RefusalKind.Overloaded, $"{Limits.FeedConsumers} consumers are kept already, the most that there can be. Delete one first.")),
        };
    }

    /// <summary>Answers <c>ListConsumers</c>.</summary>
    public async ValueTask<RpcResult<ListConsumersResponse>> ListConsumersAsync(ListConsumersRequest request, RpcCall call) => new ListConsumersResponse
    {
        Consumers = { (await store.Consumers.ListAsync(ReadGate.ScopeOf(call).Name, call.CancellationToken)).Select(Describe) },
    };

    /// <summary>Answers <c>DeleteConsumer</c>.</summary>
    public async ValueTask<RpcResult<DeleteConsumerResponse>> DeleteConsumerAsync(DeleteConsumerRequest request, RpcCall call)
    {
        var faults = new List<FieldFault>();
        FeedStart.CheckName(request.Name, "name", faults);
        if (faults.Count > 0)
            return RefusalStatus.Of(Refusal.InvalidFields(faults));
        return await store.Consumers.DeleteAsync(ReadGate.ScopeOf(call).Name, request.Name, call.CancellationToken)
            ? new DeleteConsumerResponse()
            : RefusalStatus.Of(new Refusal(RefusalKind.NotFound, $"There is no consumer {request.Name}."));
    }

    // A place that the ledger does not know would be noticed by the consumer only when it comes back.
    private async Task<FieldFault?> FaultOfAsync(LedgerCursor cursor, RpcCall call)
    {
        try
        {
            await store.Records.ReadAsync(cursor, 1, call.CancellationToken);
            return null;
        }
        catch (UnknownCursorException fault)
        {
            return new FieldFault("cursor", fault.Message);
        }
        catch (StoreException fault) when (fault.IsArchiveAbsent)
        {
            return null; // the place is known, only what comes after it is elsewhere
        }
    }

    private static FeedConsumer Describe(ConsumerPlace place) => new()
    {
        Name = place.Name,
        Cursor = place.Cursor.ToString(),
        Saved = RecordMessages.TimestampOf(place.SavedUnixNanoseconds),
    };
}
