using Microsoft.AspNetCore.Http;

namespace Metering.Grpc;

/// <summary>Refuses a request before it is known which call it is, for middleware that stands before the services.</summary>
public static class RpcRefusal
{
    /// <summary>Answers in the form that the client understands: gRPC's when its content type says so, REST's otherwise.</summary>
    public static Task WriteAsync(HttpContext context, RpcStatus status)
    {
        if (!GrpcContentType.IsAccepted(context.Request.ContentType))
            return RestServer.RefuseAsync(context.Response, status);
        context.Response.ContentType = GrpcContentType.Plain;
        StatusWriter.Write(context.Response, status, trailers: null, hasWritten: false);
        return Task.CompletedTask;
    }
}
