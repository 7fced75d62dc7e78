using System.Buffers;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Metering.Grpc;

/// <summary>
/// The skeleton of a REST call: JSON to protobuf bytes, the same codec and handler as over gRPC, protobuf bytes to JSON. A
/// handler cannot tell the difference.
/// </summary>
internal sealed class RestServer(RpcRuntime runtime) : ICallWire
{
    private const string ContentType = "application/json";

    /// <summary>Serves one request whose path is known.</summary>
    public Task ServeAsync(HttpContext context, RestMatch match)
    {
        if (match.Route is not { } route)
        {
            context.Response.Headers.Allow = match.Allow;
            RpcStatus refusal = Statuses.WrongHttpMethod(context.Request.Method, match.Allow!);
            return RefuseAsync(context.Response, StatusCodes.Status405MethodNotAllowed, refusal);
        }

        if (context.Request.Headers.ContentEncoding is { Count: > 0 } encoding && encoding != "identity")
        {
            RpcStatus refusal = Statuses.UnsupportedContentEncoding(encoding.ToString());
            return RefuseAsync(context.Response, StatusCodes.Status415UnsupportedMediaType, refusal);
        }

        if (!GrpcTimeout.TryParse(context.Request.Headers[GrpcTimeout.HeaderName], out TimeSpan? timeout))
            return RefuseAsync(context.Response, Statuses.MalformedTimeout(context.Request.Headers[GrpcTimeout.HeaderName].ToString()));
        if (timeout == TimeSpan.Zero)
            return RefuseAsync(context.Response, Statuses.DeadlineExceeded);
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        return RunAsync(new RpcCall(context, route.Method, runtime, timeout, MessageEncoding.Identity), route, match.Values);
    }

    public Task AnswerEarlyAsync(RpcCall call, RpcStatus status) => AnswerEarlyAsync(call.HttpContext.Response, status);

    private async Task RunAsync(RpcCall call, RestRoute route, IReadOnlyList<string> pathValues)
    {
        HttpResponse response = call.HttpContext.Response;
        try
        {
            var answer = new ArrayBufferWriter<byte>(256);
            RpcStatus? status;
            int? httpStatus = null;
            ReadOnlyMemory<byte> body = default;
            try
            {
                status = await ServeAsync(call, route, pathValues, answer);
                if (status is null && !call.IsAnswered)
                {
                    IMessage message = route.Method.Descriptor.OutputType.Parser.ParseFrom(answer.WrittenSpan);
                    body = RestAnswer.Body(message, route.ResponseBodyField);
                }
            }
            catch (Exception exception)
            {
                status = Faults.ToStatus(exception, call, runtime.Log);
                if (Faults.IsBodyTooSlow(exception))
                    httpStatus = StatusCodes.Status408RequestTimeout;
            }

            if (call.IsAnswered)
                return;
            foreach ((string name, string value) in call.Trailers ?? [])
                response.Headers.Append(name, value);
            if (status is null)
                await WriteAsync(response, StatusCodes.Status200OK, body);
            else
                await RefuseAsync(response, httpStatus ?? HttpStatusCodes.Of(status.Code), status);
        }
        finally
        {
            call.Close();
        }
    }

    private async ValueTask<RpcStatus?> ServeAsync(
        RpcCall call, RestRoute route, IReadOnlyList<string> pathValues, IBufferWriter<byte> answer)
    {
        if (call.Admit() is { } stranger)
            return stranger;
        (RpcStatus? refusal, IMessage request) = await RestRequest.ReadAsync(call, route, pathValues);
        return refusal ?? await route.Method.ServeMessageAsync(new ReadOnlySequence<byte>(request.ToByteArray()), answer, call, this);
    }

    private static async Task AnswerEarlyAsync(HttpResponse response, RpcStatus status)
    {
        await RefuseAsync(response, status);
        await response.CompleteAsync();
    }

    /// <summary>Answers with an error.</summary>
    public static Task RefuseAsync(HttpResponse response, RpcStatus status) =>
        RefuseAsync(response, HttpStatusCodes.Of(status.Code), status);

    private static Task RefuseAsync(HttpResponse response, int httpStatus, RpcStatus status) =>
        WriteAsync(response, httpStatus, RestAnswer.Error(status));

    private static async Task WriteAsync(HttpResponse response, int httpStatus, ReadOnlyMemory<byte> body)
    {
        response.StatusCode = httpStatus;
        response.ContentType = ContentType;
        response.ContentLength = body.Length;
        await response.BodyWriter.WriteAsync(body);
    }
}
