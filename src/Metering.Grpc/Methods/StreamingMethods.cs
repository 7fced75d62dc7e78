using Google.Protobuf.Reflection;

namespace Metering.Grpc;

/// <summary>One message in, any number out.</summary>
internal sealed class ServerStreamingMethod<TRequest, TResponse>(
    MethodDescriptor descriptor,
    MessageCodec<TRequest> requestCodec,
    MessageCodec<TResponse> responseCodec,
    Func<TRequest, RpcWriter<TResponse>, RpcCall, ValueTask<RpcStatus>> handler,
    int maximumMessageBytes)
    : RpcMethod(descriptor, maximumMessageBytes)
{
    public override async ValueTask<RpcStatus?> ServeAsync(RpcCall call, ICallWire wire)
    {
        var frames = new FrameReader<TRequest>(
            call.HttpContext.Request.BodyReader, requestCodec, call.RequestEncoding, MaximumMessageBytes);
        FrameRead<TRequest> read = await frames.ReadSingleAsync(call.TransportToken, call.Stopping);
        if (!read.HasMessage)
            return read.Refusal;
        call.IsRequestCompressed = read.IsCompressed;
        try
        {
            var writer = new RpcWriter<TResponse>(call, responseCodec);
            return await DeadlineRace.RunAsync(handler(read.Message!, writer, call), call, new ClosingWire(wire, writer.CloseAsync));
        }
        finally
        {
            requestCodec.Release(read.Message!);
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
    : RpcMethod(descriptor, maximumMessageBytes)
{
    public override async ValueTask<RpcStatus?> ServeAsync(RpcCall call, ICallWire wire)
    {
        var reader = new RpcReader<TRequest>(call, requestCodec, MaximumMessageBytes);
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
    : RpcMethod(descriptor, maximumMessageBytes)
{
    public override async ValueTask<RpcStatus?> ServeAsync(RpcCall call, ICallWire wire)
    {
        var reader = new RpcReader<TRequest>(call, requestCodec, MaximumMessageBytes);
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
