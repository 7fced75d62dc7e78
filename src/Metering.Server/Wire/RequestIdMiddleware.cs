using Metering.Ledger;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Metering.Server;

/// <summary>
/// Gives every request an id, answers it as <c>x-request-id</c> and echoes the client's own <c>x-client-request-id</c>,
/// so that a sender, an operator and the ledger speak of the same request.
/// </summary>
internal static class RequestIdMiddleware
{
    private const string RequestIdHeader = "x-request-id";
    private const string ClientRequestIdHeader = "x-client-request-id";

    /// <summary>Sets the headers, then goes on.</summary>
    public static Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var id = new RequestId(Guid.NewGuid());
        context.Features.Set(id);
        IHeaderDictionary answer = context.Response.Headers;
        answer[RequestIdHeader] = id.Value.ToString("D");
        if (context.Request.Headers.TryGetValue(ClientRequestIdHeader, out StringValues clientId)
            && clientId is [{ Length: > 0 and <= Limits.ClientRequestIdCharacters } text]
            && text.All(character => character is >= ' ' and <= '~'))
        {
            answer[ClientRequestIdHeader] = clientId;
        }

        return next(context);
    }

    /// <summary>The request's id.</summary>
    public static Guid IdOf(HttpContext context) => context.Features.Get<RequestId>()?.Value ?? Guid.Empty;

    private sealed record RequestId(Guid Value);
}
