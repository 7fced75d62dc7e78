using Microsoft.AspNetCore.Http;

namespace Metering.Grpc;

/// <summary>The HTTP status of each gRPC code, as Envoy and google.rpc map them.</summary>
internal static class HttpStatusCodes
{
    public static int Of(RpcCode code) => code switch
    {
        RpcCode.Ok => StatusCodes.Status200OK,
        RpcCode.Cancelled => StatusCodes.Status499ClientClosedRequest,
        RpcCode.InvalidArgument or RpcCode.FailedPrecondition or RpcCode.OutOfRange => StatusCodes.Status400BadRequest,
        RpcCode.DeadlineExceeded => StatusCodes.Status504GatewayTimeout,
        RpcCode.NotFound => StatusCodes.Status404NotFound,
        RpcCode.AlreadyExists or RpcCode.Aborted => StatusCodes.Status409Conflict,
        RpcCode.PermissionDenied => StatusCodes.Status403Forbidden,
        RpcCode.ResourceExhausted => StatusCodes.Status429TooManyRequests,
        RpcCode.Unimplemented => StatusCodes.Status501NotImplemented,
        RpcCode.Unavailable => StatusCodes.Status503ServiceUnavailable,
        RpcCode.Unauthenticated => StatusCodes.Status401Unauthorized,
        _ => StatusCodes.Status500InternalServerError,
    };
}
