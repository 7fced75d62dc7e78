using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Metering.Grpc;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>The gRPC status of every refusal, with the details that clients act on.</summary>
internal static class RefusalStatus
{
    private static readonly TimeSpan QueueRetry = TimeSpan.FromMilliseconds(100);

    private static readonly RpcStatus QueueFull = Of(new Refusal(
        RefusalKind.Overloaded, "The ledger's queue is full. Send the same records again shortly.", RetryAfter: QueueRetry));

    private static readonly RpcStatus StorageFull = Of(new Refusal(
        RefusalKind.Unavailable, "The ledger has no space left on its disk. Nothing of this request was counted; send it again later."));

    private static readonly RpcStatus OutcomeUnknown = Of(new Refusal(
        RefusalKind.Unavailable, "The ledger could not confirm the commit. Send the same records again: what was counted is then answered DUPLICATE."));

    private static readonly RpcStatus Closing = Of(new Refusal(
        RefusalKind.Unavailable, "The server is stopping. Nothing of this request was counted; send it again."));

    private static readonly RpcStatus Unreachable = Of(new Refusal(
        RefusalKind.Unavailable, "The ledger's database is away. Nothing of this request was counted; send it again later."));

    /// <summary>The status of a refusal.</summary>
    public static RpcStatus Of(Refusal refusal) => new(CodeOf(refusal.Kind), refusal.Message, DetailsOf(refusal));

    /// <summary>The status of any answer of the ledger but <see cref="LedgerAnswer.Committed"/>.</summary>
    public static RpcStatus Of(LedgerAnswer answer) => answer switch
    {
        LedgerAnswer.QueueFull => QueueFull,
        LedgerAnswer.StorageFull => StorageFull,
        LedgerAnswer.OutcomeUnknown => OutcomeUnknown,
        LedgerAnswer.Closing => Closing,
        LedgerAnswer.Unreachable => Unreachable,
        _ => throw new ArgumentOutOfRangeException(nameof(answer), answer, "Not a refusal."),
    };

    private static RpcCode CodeOf(RefusalKind kind) => kind switch
    {
        RefusalKind.Unauthenticated => RpcCode.Unauthenticated,
        RefusalKind.NotPermitted => RpcCode.PermissionDenied,
        RefusalKind.InvalidForm => RpcCode.InvalidArgument,
        RefusalKind.NotFound => RpcCode.NotFound,
        RefusalKind.AlreadyExists => RpcCode.AlreadyExists,
        RefusalKind.Overloaded => RpcCode.ResourceExhausted,
        RefusalKind.Unavailable => RpcCode.Unavailable,
        RefusalKind.Damaged => RpcCode.DataLoss,
        RefusalKind.Conflict => RpcCode.Aborted,
        RefusalKind.NotReady => RpcCode.FailedPrecondition,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No status."),
    };

    private static List<IMessage>? DetailsOf(Refusal refusal)
    {
        if (refusal.Faults is not { Count: > 0 } && refusal.RetryAfter is null)
            return null;
        var details = new List<IMessage>();
        if (refusal.Faults is { Count: > 0 } faults)
        {
            var request = new BadRequest();
            foreach (FieldFault fault in faults)
                request.FieldViolations.Add(new BadRequest.Types.FieldViolation { Field = fault.Field, Description = fault.Problem });
            details.Add(request);
        }

        if (refusal.RetryAfter is { } delay)
            details.Add(new RetryInfo { RetryDelay = Duration.FromTimeSpan(delay) });
        return details;
    }
}
