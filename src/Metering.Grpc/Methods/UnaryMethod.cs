using System.Buffers;
using Google.Protobuf.Reflection;

namespace Metering.Grpc;

/// <summary>One message in, one message out.</summary>
internal sealed class UnaryMethod<TRequest, TResponse>(
    MethodDescriptor descriptor,
    MessageCodec<TRequest> requestCodec,
    MessageCodec<TResponse> responseCodec,
    Func<TRequest, RpcCall, ValueTask<RpcResult<TResponse>>> handler,
    int maximumMessageBytes)
    : RpcMethod(descriptor, maximumMessageBytes)
{
    private readonly FrameReader<TRequest> _frames = new(requestCodec, maximumMessageBytes);

    // The path of every Write. One async method from end to end: each further one would cost a call that waits more than the
    // rest of this layer does.
    public override async Task ServeAsync(RpcCall call, GrpcServer server)
    {
        RpcStatus? status;
        SingleMessage<TRequest> request = default;
        try
        {
            status = call.Admit();
            while (status is null && !request.Take(call, await call.ReadBodyAsync(), _frames, out status))
            {
            }

            if (status is null)
            {
                call.IsRequestCompressed = request.IsCompressed;
                ValueTask<RpcResult<TResponse>> handling = handler(request.Value!, call);
                if (!handling.IsCompleted)
                    call.StartRace(server);
                RpcResult<TResponse> result = await handling;
                if (call.IsRacing)
                    await call.EndRace();
                status = call.IsAnswered ? null : Answer(call, result);
            }
        }
        catch (Exception exception)
        {
            status = server.StatusOf(exception, call);
            await call.EndRace();
        }
        finally
        {
            request.Release(requestCodec);
        }

        GrpcServer.End(call, status);
    }

    public override async ValueTask<RpcStatus?> ServeMessageAsync(
        ReadOnlySequence<byte> request, IBufferWriter<byte> response, RpcCall call, ICallWire wire)
    {
        TRequest message = requestCodec.Read(request);
        try
        {
            RpcResult<TResponse> result = await DeadlineRace.RunAsync(handler(message, call), call, wire);
            if (!result.IsOk || call.IsAnswered)
                return result.Status;
            FrameWriter.WriteMessage(response, responseCodec, result.Value);
            return null;
        }
        finally
        {
            requestCodec.Release(message);
        }
    }

    private RpcStatus? Answer(RpcCall call, in RpcResult<TResponse> result)
    {
        if (result.IsOk)
            ResponseMessage.Write(call, responseCodec, result.Value);
        return result.Status;
    }
}
