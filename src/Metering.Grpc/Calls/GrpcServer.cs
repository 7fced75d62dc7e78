using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Primitives;

namespace Metering.Grpc;

/// <summary>The skeleton of a gRPC call: what is checked, in which order, and how it ends. The method fills in the middle.</summary>
internal sealed class GrpcServer(RpcRuntime runtime) : ICallWire
{
    private static readonly StringValues ContentType = GrpcContentType.Plain;

    /// <summary>Serves one request; a method of null is one that is not known.</summary>
    public Task ServeAsync(HttpContext context, RpcMethod? method)
    {
        HttpRequest request = context.Request;
        if (RefuseHttp(request) is var code && code != StatusCodes.Status200OK)
        {
            context.Response.StatusCode = code;
            if (code == StatusCodes.Status405MethodNotAllowed)
                context.Response.Headers.Allow = HttpMethods.Post;
            return Task.CompletedTask;
        }

        context.Response.Headers.ContentType = ContentType;
        context.Response.Headers[MessageEncodings.AcceptHeaderName] = MessageEncodings.Accepted;
        if (method is null)
            return Refuse(context, Statuses.UnknownMethod(request.Path.Value ?? ""));
        if (!MessageEncodings.TryParse(request.Headers.GrpcEncoding, out MessageEncoding encoding))
            return Refuse(context, Statuses.UnsupportedEncoding(request.Headers.GrpcEncoding.ToString()));
        if (!GrpcTimeout.TryParse(request.Headers.GrpcTimeout, out TimeSpan? timeout))
            return Refuse(context, Statuses.MalformedTimeout(request.Headers.GrpcTimeout.ToString()));
        if (timeout == TimeSpan.Zero)
            return Refuse(context, Statuses.DeadlineExceeded);

        LiftBodyLimits(context.Features, method);
        return method.ServeAsync(new RpcCall(context, method, runtime, timeout, encoding), this);
    }

    /// <summary>
    /// Ends a call: OK for a status of null. Nothing is flushed here: the server sends headers, message and trailers together
    /// when the request's task completes.
    /// </summary>
    public static void End(RpcCall call, RpcStatus? status)
    {
        try
        {
            if (!call.IsAnswered)
                StatusWriter.Write(call.HttpContext.Response, status ?? RpcStatus.Ok, call.Trailers, call.HasWritten);
        }
        finally
        {
            call.Close();
        }
    }

    /// <summary>What a call ends with after an exception.</summary>
    public RpcStatus StatusOf(Exception exception, RpcCall call) => Faults.ToStatus(exception, call, runtime.Log);

    public async Task AnswerEarlyAsync(RpcCall call, RpcStatus status)
    {
        HttpResponse response = call.HttpContext.Response;
        StatusWriter.Write(response, status, trailers: null, call.HasWritten);
        await response.CompleteAsync();
    }

    private static Task Refuse(HttpContext context, RpcStatus status)
    {
        StatusWriter.Write(context.Response, status, trailers: null, hasWritten: false);
        return Task.CompletedTask;
    }

    private static int RefuseHttp(HttpRequest request)
    {
        if (!HttpMethods.IsPost(request.Method))
            return StatusCodes.Status405MethodNotAllowed;
        if (!GrpcContentType.IsAccepted(request.ContentType))
            return StatusCodes.Status415UnsupportedMediaType;
        return HttpProtocol.IsHttp2(request.Protocol) || HttpProtocol.IsHttp3(request.Protocol)
            ? StatusCodes.Status200OK
            : StatusCodes.Status426UpgradeRequired;
    }

    // Each message has its own limit, which the frame reader keeps. A stream may also be silent for as long as it likes;
    // a single message may not, so there the server's lower bound on the rate stays.
    private static void LiftBodyLimits(IFeatureCollection features, RpcMethod method)
    {
        if (features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        if (method.Descriptor.IsClientStreaming && features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
    }
}
