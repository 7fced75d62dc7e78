using Google.Protobuf.Reflection;

namespace Metering.Grpc;

/// <summary>A call that streams, one way or both: how it ends is the same for all.</summary>
internal abstract class StreamingMethod(MethodDescriptor descriptor, int maximumMessageBytes) : RpcMethod(descriptor, maximumMessageBytes)
{
    public sealed override async Task ServeAsync(RpcCall call, GrpcServer server)
    {
        RpcStatus? status;
        try
        {
            status = call.Admit() ?? await StreamAsync(call, server);
        }
        catch (Exception exception)
        {
            status = server.StatusOf(exception, call);
        }

        GrpcServer.End(call, status);
    }

    /// <summary>
    /// Reads the call's messages, lets the handler answer, writes what it answers. Null means OK; what the call ends with
    /// otherwise is returned or thrown.
    /// </summary>
    protected abstract ValueTask<RpcStatus?> StreamAsync(RpcCall call, ICallWire wire);
}

/// <summary>One message in, any number out.</summary>
internal sealed class ServerStreamingMethod<TRequest, TResponse>(
    MethodDescriptor descriptor,
    MessageCodec<TRequest> requestCodec,
    MessageCodec<TResponse> responseCodec,
    Func<TRequest, RpcWriter<TResponse>, RpcCall, ValueTask<RpcStatus>> handler,
    int maximumMessageBytes)
    : StreamingMethod(descriptor, maximumMessageBytes)
{
    private readonly FrameReader<TRequest> _frames = new(requestCodec, maximumMessageBytes);

    protected override async ValueTask<RpcStatus?> StreamAsync(RpcCall call, ICallWire wire)
    {
        SingleMessage<TRequest> request = default;
        try
        {
            RpcStatus? refusal;
            while (!request.Take(call, await call.ReadBodyAsync(), _frames, out refusal))
            {
            }

            if (refusal is not null)
                return refusal;
            call.IsRequestCompressed = request.IsCompressed;
            var writer = new RpcWriter<TResponse>(call, responseCodec);
            return await DeadlineRace.RunAsync(handler(request.Value!, writer, call), call, new ClosingWire(wire, writer.CloseAsync));
        }
        finally
        {
            request.Release(requestCodec);
        }
    }
}

/// <summary>Any number of messages in, one out.</summary>
internal sealed class ClientStreamingMethod<TRequest, TResponse>(
    MethodDescriptor descriptor,
    MessageCodec<TRequest> requestCodec,
    MessageCodec<TResponse> responseCodec,
    Func<RpcReader<TRequest>, RpcCall, ValueTask<RpcResult<TResponse>>> handler,
    int maximumMessageBytes)
    : StreamingMethod(descriptor, maximumMessageBytes)
{
    private readonly FrameReader<TRequest> _frames = new(requestCodec, maximumMessageBytes);

    protected override async ValueTask<RpcStatus?> StreamAsync(RpcCall call, ICallWire wire)
    {
        var reader = new RpcReader<TRequest>(call, requestCodec, _frames);
        try
        {
            RpcResult<TResponse> result = await DeadlineRace.RunAsync(handler(reader, call), call, wire);
            if (!result.IsOk || call.IsAnswered)
                return result.Status;
            ResponseMessage.Write(call, responseCodec, result.Value);
            return null;
        }
        finally
        {
            reader.Release();
        }
    }
}

/// <summary>Any number of messages in and out, in any order.</summary>
internal sealed class DuplexMethod<TRequest, TResponse>(
    MethodDescriptor descriptor,
    MessageCodec<TRequest> requestCodec,
    MessageCodec<TResponse> responseCodec,
    Func<RpcReader<TRequest>, RpcWriter<TResponse>, RpcCall, ValueTask<RpcStatus>> handler,
    int maximumMessageBytes)
    : StreamingMethod(descriptor, maximumMessageBytes)
{
    private readonly FrameReader<TRequest> _frames = new(requestCodec, maximumMessageBytes);

    protected override async ValueTask<RpcStatus?> StreamAsync(RpcCall call, ICallWire wire)
    {
        var reader = new RpcReader<TRequest>(call, requestCodec, _frames);
        var writer = new RpcWriter<TResponse>(call, responseCodec);
        try
        {
            return await DeadlineRace.RunAsync(handler(reader, writer, call), call, new ClosingWire(wire, writer.CloseAsync));
        }
        finally
        {
            reader.Release();
        }
    }
}

/// <summary>Lets no message be written while, or after, the client is answered early.</summary>
internal sealed class ClosingWire(ICallWire wire, Func<Task> close) : ICallWire
{
    public async Task AnswerEarlyAsync(RpcCall call, RpcStatus status)
    {
        await close();
        await wire.AnswerEarlyAsync(call, status);
    }
}
