using Metering.Grpc;
using Metering.Ledger;
using Microsoft.AspNetCore.Http;

namespace Metering.Server;

/// <summary>
/// Bounds what all requests hold together, in all and for one address, so that neither many connections nor many requests
/// on each can grow the server's memory: requests in flight, streaming calls, and bytes of request messages.
/// </summary>
/// <remarks>
/// One request costs two increments, two decrements and no allocation. One that is too many is refused at once; when even
/// the refusals are too many, because nothing is keeping up with them, the request is cut off unanswered. Questions after the server's
/// health are answered as long as there is room for refusals.
/// </remarks>
internal sealed class RequestGate(WireBounds bounds) : ICallBudget
{
    private static readonly RpcStatus TooManyRequests = RefusalStatus.Of(new Refusal(
        RefusalKind.Overloaded, "Too many requests are being served at once. Send the same request again shortly.",
        RetryAfter: TimeSpan.FromSeconds(1)));

    private readonly InFlight _unknown = new(new InFlight(null)); // for what came by no counted connection

    /// <summary>Serves a request, refuses it, or cuts it off.</summary>
    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        InFlight ofAddress = Of(context);
        int requestsOfAddress = ofAddress.EnterRequest();
        int requests = ofAddress.Whole!.EnterRequest();

        // Fired when the answer was handed over to be sent. A connection that does not take it is ended by its lowest rate.
        context.Response.OnCompleted(static counted => Leave((InFlight)counted), ofAddress);
        if (requests <= bounds.RequestsInFlight && requestsOfAddress <= bounds.RequestsInFlightPerAddress)
            return next(context);
        if (requests > bounds.RequestsInFlight + bounds.RefusalsInFlight
            || requestsOfAddress > bounds.RequestsInFlightPerAddress + bounds.RefusalsInFlight)
        {
            context.Abort();
            return Task.CompletedTask;
        }

        return Health.IsAsked(context.Request.Path) ? next(context) : RpcRefusal.WriteAsync(context, TooManyRequests);
    }

    /// <inheritdoc/>
    public bool TryOpenStream(HttpContext context)
    {
        InFlight ofAddress = Of(context);
        if (!ofAddress.TryEnterStream(bounds.StreamingCallsPerAddress))
            return false;
        if (ofAddress.Whole!.TryEnterStream(bounds.StreamingCalls))
            return true;
        ofAddress.LeaveStream();
        return false;
    }

    /// <inheritdoc/>
    public void CloseStream(HttpContext context)
    {
        InFlight ofAddress = Of(context);
        ofAddress.LeaveStream();
        ofAddress.Whole!.LeaveStream();
    }

    /// <inheritdoc/>
    public bool TryTake(HttpContext context, long bytes)
    {
        InFlight ofAddress = Of(context);
        if (!ofAddress.TryTake(bytes, bounds.MessageBytesInFlightPerAddress))
            return false;
        if (ofAddress.Whole!.TryTake(bytes, bounds.MessageBytesInFlight))
            return true;
        ofAddress.Return(bytes);
        return false;
    }

    /// <inheritdoc/>
    public void Return(HttpContext context, long bytes)
    {
        InFlight ofAddress = Of(context);
        ofAddress.Return(bytes);
        ofAddress.Whole!.Return(bytes);
    }

    // The connection's, see ConnectionGate: it is the same for as long as the request lives.
    private InFlight Of(HttpContext context) => context.Features.Get<InFlight>() ?? _unknown;

    private static Task Leave(InFlight ofAddress)
    {
        ofAddress.LeaveRequest();
        ofAddress.Whole!.LeaveRequest();
        return Task.CompletedTask;
    }
}
