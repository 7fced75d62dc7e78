using Google.Protobuf;

namespace Metering.Grpc.InteropHost;

/// <summary><c>grpc.testing.TestService</c> as gRPC's interop test descriptions demand it.</summary>
internal sealed class TestServices(TimeProvider time)
{
    private const int MessageBytesMaximum = 8 * 1024 * 1024;

    /// <summary>The service, without what no server implements.</summary>
    public RpcService Service => new RpcService(TestReflection.Descriptor.Services.Single(service => service.Name == "TestService"))
        .Unary<Empty, Empty>("EmptyCall", (request, call) => new(Echo(call, request)), MessageBytesMaximum)
        .Unary<SimpleRequest, SimpleResponse>("UnaryCall", (request, call) => new(Answer(request, call)), MessageBytesMaximum)
        .ServerStreaming<StreamingOutputCallRequest, StreamingOutputCallResponse>("StreamingOutputCall", SendAsync, MessageBytesMaximum)
        .ClientStreaming<StreamingInputCallRequest, StreamingInputCallResponse>("StreamingInputCall", SumAsync, MessageBytesMaximum)
        .Duplex<StreamingOutputCallRequest, StreamingOutputCallResponse>("FullDuplexCall", ConverseAsync, MessageBytesMaximum)
        .Duplex<StreamingOutputCallRequest, StreamingOutputCallResponse>("HalfDuplexCall", HearOutAsync, MessageBytesMaximum)
        .Unserved("CacheableUnaryCall")
        .Unserved("UnimplementedCall");

    private static Empty Echo(RpcCall call, Empty request)
    {
        EchoedMetadata.Take(call);
        return request;
    }

    private static RpcResult<SimpleResponse> Answer(SimpleRequest request, RpcCall call)
    {
        EchoedMetadata.Take(call);
        if (request.ExpectCompressed is { } expected && expected.Value != call.IsRequestCompressed)
            return WrongCompression(expected.Value);
        if (StatusOf(request.ResponseStatus) is { } status)
            return status;
        if (RefuseSize(request.ResponseSize) is { } refusal)
            return refusal;
        call.MayCompressResponses = request.ResponseCompressed is { Value: true };
        return new SimpleResponse { Payload = PayloadOf(request.ResponseSize) };
    }

    private static async ValueTask<RpcResult<StreamingInputCallResponse>> SumAsync(
        RpcReader<StreamingInputCallRequest> reader, RpcCall call)
    {
        EchoedMetadata.Take(call);
        var response = new StreamingInputCallResponse();
        while (await reader.ReadAsync())
        {
            StreamingInputCallRequest request = reader.Current;
            if (request.ExpectCompressed is { } expected && expected.Value != reader.IsCurrentCompressed)
                return WrongCompression(expected.Value);
            response.AggregatedPayloadSize += request.Payload?.Body.Length ?? 0;
        }

        return response;
    }

    private async ValueTask<RpcStatus> SendAsync(
        StreamingOutputCallRequest request, RpcWriter<StreamingOutputCallResponse> writer, RpcCall call)
    {
        EchoedMetadata.Take(call);
        return await AnswerAsync(request, writer, call) ?? RpcStatus.Ok;
    }

    private async ValueTask<RpcStatus> ConverseAsync(
        RpcReader<StreamingOutputCallRequest> reader, RpcWriter<StreamingOutputCallResponse> writer, RpcCall call)
    {
        EchoedMetadata.Take(call);
        while (await reader.ReadAsync())
        {
            if (await AnswerAsync(reader.Current, writer, call) is { } status)
                return status;
        }

        return RpcStatus.Ok;
    }

    private async ValueTask<RpcStatus> HearOutAsync(
        RpcReader<StreamingOutputCallRequest> reader, RpcWriter<StreamingOutputCallResponse> writer, RpcCall call)
    {
        EchoedMetadata.Take(call);
        var requests = new List<StreamingOutputCallRequest>();
        while (await reader.ReadAsync())
            requests.Add(reader.Current);
        foreach (StreamingOutputCallRequest request in requests)
        {
            if (await AnswerAsync(request, writer, call) is { } status)
                return status;
        }

        return RpcStatus.Ok;
    }

    // Null when the call goes on. A status asked for comes instead of the responses.
    private async ValueTask<RpcStatus?> AnswerAsync(
        StreamingOutputCallRequest request, RpcWriter<StreamingOutputCallResponse> writer, RpcCall call)
    {
        if (StatusOf(request.ResponseStatus) is { } status)
            return status;
        foreach (ResponseParameters wanted in request.ResponseParameters)
        {
            if (RefuseSize(wanted.Size) is { } refusal)
                return refusal;
            if (wanted.IntervalUs > 0)
                await Task.Delay(TimeSpan.FromMicroseconds(wanted.IntervalUs), time, call.CancellationToken);
            call.MayCompressResponses = wanted.Compressed is { Value: true };
            await writer.WriteAsync(new StreamingOutputCallResponse { Payload = PayloadOf(wanted.Size) });
        }

        return null;
    }

    private static RpcStatus? StatusOf(EchoStatus? wanted)
    {
        if (wanted is null || wanted.Code == (int)RpcCode.Ok)
            return null;
        RpcCode code = Enum.IsDefined((RpcCode)wanted.Code) ? (RpcCode)wanted.Code : RpcCode.Unknown;
        return new RpcStatus(code, wanted.Message);
    }

    private static RpcStatus? RefuseSize(int bytes) => bytes is >= 0 and <= MessageBytesMaximum
        ? null
        : new RpcStatus(RpcCode.InvalidArgument, $"a response of {bytes} bytes was asked for; possible are 0 to {MessageBytesMaximum}");

    private static RpcStatus WrongCompression(bool isExpected) => new(
        RpcCode.InvalidArgument, $"the request message is {(isExpected ? "not " : "")}compressed, unlike expect_compressed says");

    private static Payload PayloadOf(int bytes) => new() { Body = UnsafeByteOperations.UnsafeWrap(new byte[bytes]) };
}
