using System.IO;
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

    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "{Method} failed")]
    private static partial void LogFault(ILogger log, string method, Exception exception);
}
