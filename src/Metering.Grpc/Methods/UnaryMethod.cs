using System.Buffers;
using System.Runtime.CompilerServices;
using Google.Protobuf;
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
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
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
            RpcResult<TResponse> result = await DeadlineRace.RunAsync(handler(read.Message!, call), call, wire);
            if (!result.IsOk || call.IsAnswered)
                return result.Status;
            ResponseMessage.Write(call, responseCodec, result.Value);
            return null;
        }
        finally
        {
            requestCodec.Release(read.Message!);
        }
    }

    public override async ValueTask<RpcStatus?> ServeMessageAsync(
        ReadOnlySequence<byte> request, IBufferWriter<byte> response, RpcCall call, ICallWire wire)
    {
        TRequest message;
        try
        {
            message = requestCodec.Read(request);
        }
        catch (InvalidProtocolBufferException malformed)
        {
            return Statuses.MalformedMessage(malformed.Message);
        }

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
}
