using Google.Protobuf;
using Metering.Grpc;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>Methods that read or change the store beside usage, and can find it away.</summary>
internal static class StoreOutage
{
    private static readonly Refusal Away = new(
        RefusalKind.Unavailable, "The store cannot be reached at the moment; a change that was under way may or may not be kept. Try again.");

    /// <summary>Registers a unary method that answers UNAVAILABLE while the store is away. Any other fault of the store stays one.</summary>
    public static RpcService UnaryOverStore<TRequest, TResponse>(
        this RpcService service, string method, Func<TRequest, RpcCall, ValueTask<RpcResult<TResponse>>> handler, int maximumMessageBytes)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() => service.Unary<TRequest, TResponse>(
            method,
            async (request, call) =>
            {
                try
                {
                    return await handler(request, call);
                }
                catch (StoreException fault) when (StatusOf(fault) is { } status)
                {
                    return status;
                }
            },
            maximumMessageBytes);

    /// <summary>The same for a method that streams its answer.</summary>
    public static RpcService ServerStreamingOverStore<TRequest, TResponse>(
        this RpcService service, string method, Func<TRequest, RpcWriter<TResponse>, RpcCall, ValueTask<RpcStatus>> handler, int maximumMessageBytes)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() => service.ServerStreaming<TRequest, TResponse>(
            method,
            async (request, writer, call) =>
            {
                try
                {
                    return await handler(request, writer, call);
                }
                catch (StoreException fault) when (StatusOf(fault) is { } status)
                {
                    return status;
                }
            },
            maximumMessageBytes);

    private static RpcStatus? StatusOf(StoreException fault) =>
        fault.IsOutage ? RefusalStatus.Of(Away)
        : fault.IsArchiveAbsent ? RefusalStatus.Of(new Refusal(RefusalKind.NotReady, fault.Message))
        : null;
}
