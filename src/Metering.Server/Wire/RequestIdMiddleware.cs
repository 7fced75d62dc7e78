using System.Security.Cryptography;
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

    [ThreadStatic]
    private static RandomIds? _ids;

    /// <summary>Sets the headers, then goes on.</summary>
    public static Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        string id = (_ids ??= new RandomIds()).Next().ToString("D");
        context.TraceIdentifier = id;
        IHeaderDictionary answer = context.Response.Headers;
        answer[RequestIdHeader] = id;
        if (context.Request.Headers.TryGetValue(ClientRequestIdHeader, out StringValues clientId)
            && clientId is [{ Length: > 0 and <= Limits.ClientRequestIdCharacters } text]
            && text.All(character => character is >= ' ' and <= '~'))
        {
            answer[ClientRequestIdHeader] = clientId;
        }

        return next(context);
    }

    /// <summary>The request's id.</summary>
    public static Guid IdOf(HttpContext context) => Guid.TryParseExact(context.TraceIdentifier.AsSpan(), "D", out Guid id) ? id : Guid.Empty;

    /// <summary>Version 4 uuids of a thread. The system is asked for random bytes once for many: asking is what costs.</summary>
    private sealed class RandomIds
    {
        private const int IdLength = 16;

        private readonly byte[] _random = new byte[64 * IdLength];
        private int _used;

        public RandomIds() => _used = _random.Length;

        public Guid Next()
        {
            if (_used == _random.Length)
            {
                RandomNumberGenerator.Fill(_random);
                _used = 0;
            }

            Span<byte> id = _random.AsSpan(_used, IdLength);
            _used += IdLength;
            id[6] = (byte)((id[6] & 0x0F) | 0x40);
            id[8] = (byte)((id[8] & 0x3F) | 0x80);
            return new Guid(id, bigEndian: true);
        }
    }
}
