using System.IO;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;

namespace Metering.Grpc;

/// <summary>The one place that turns exceptions into statuses. What is not expected is logged here, and nowhere else.</summary>
internal static partial class Faults
{
    // An IOException thrown by Kestrel speaks of the client's stream or connection; what handlers meet comes from elsewhere.
    private const string Kestrel = "Microsoft.AspNetCore.Server.Kestrel.Core";

    public static RpcStatus ToStatus(Exception exception, RpcCall call, ILogger log)
    {
        switch (exception)
        {
            case RpcException refusal:
                return refusal.Status;
            case BadHttpRequestException when IsBodyTooSlow(exception):
                return Statuses.BodyTooSlow(call.HttpContext.Features.Get<IHttpMinRequestBodyDataRateFeature>()?.MinDataRate);
            case OperationCanceledException or IOException when call.HttpContext.RequestAborted.IsCancellationRequested:
                return Statuses.Cancelled;
            case ConnectionAbortedException or ConnectionResetException
                or IOException { InnerException: ConnectionAbortedException or ConnectionResetException }
                or (IOException { Source: Kestrel } and not BadHttpRequestException):
                return Statuses.Cancelled; // stream or connection broke; RequestAborted follows a moment later
            case BadHttpRequestException:
                return Statuses.Truncated;
            case OperationCanceledException when call.Expiry is { IsOver: true }:
                return Statuses.DeadlineExceeded;
            case OperationCanceledException when call.IsStopping:
                return Statuses.Stopping;
            default:
                LogFault(log, call.MethodName, exception);
                return Statuses.Fault;
        }
    }

    /// <summary>Whether the server gave up a body that arrived below its lowest rate. Of HTTP/1.1 only: HTTP/2 ends the connection.</summary>
    public static bool IsBodyTooSlow(Exception exception) =>
        exception is BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout };

    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "{Method} failed")]
    private static partial void LogFault(ILogger log, string method, Exception exception);
}
