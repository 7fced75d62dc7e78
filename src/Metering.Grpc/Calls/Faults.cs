using System.IO;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Metering.Grpc;

/// <summary>The one place that turns exceptions into statuses. What is not expected is logged here, and nowhere else.</summary>
internal static partial class Faults
{
    public static RpcStatus ToStatus(Exception exception, RpcCall call, ILogger log)
    {
        switch (exception)
        {
            case RpcException refusal:
                return refusal.Status;
            case BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout }:
                return Statuses.BodyTooSlow;
            case OperationCanceledException or IOException when call.HttpContext.RequestAborted.IsCancellationRequested:
                return Statuses.Cancelled;
            case IOException { InnerException: ConnectionAbortedException or ConnectionResetException }:
                return Statuses.Cancelled; // the client is gone, of which RequestAborted tells only a moment later
            case BadHttpRequestException:
                return Statuses.Truncated;
            case OperationCanceledException when call.Expiry is { HasPassed: true }:
                return Statuses.DeadlineExceeded;
            case OperationCanceledException when call.IsStopping:
                return Statuses.Stopping;
            default:
                LogFault(log, call.MethodName, exception);
                return Statuses.Fault;
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "{Method} failed")]
    private static partial void LogFault(ILogger log, string method, Exception exception);
}
