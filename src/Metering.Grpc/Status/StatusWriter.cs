using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Metering.Grpc;

/// <summary>
/// Ends a gRPC response. An error before the first message is Trailers-Only (one HEADERS frame with END_STREAM): clients
/// that retry rely on it. Everything else is trailers after the messages.
/// </summary>
internal static class StatusWriter
{
    private const string StatusName = "grpc-status";
    private const string MessageName = "grpc-message";

    // After percent-encoding; see StatusDetails.BytesMaximum for the other part of a trailer's 8 KiB.
    private const int MessageCharactersMaximum = 1800;

    private static readonly StringValues[] Codes =
        Enum.GetValues<RpcCode>().Select(code => new StringValues(((int)code).ToString())).ToArray();

    /// <summary>Writes the status; the response still has to be completed.</summary>
    public static void Write(
        HttpResponse response, RpcStatus status, IReadOnlyList<KeyValuePair<string, string>>? trailers, bool hasWritten)
    {
        bool isTrailersOnly = status.Code != RpcCode.Ok && !hasWritten && !response.HasStarted;
        IHeaderDictionary target = isTrailersOnly
            ? response.Headers
            : response.HttpContext.Features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers;
        if (trailers is not null)
            Append(target, trailers);
        target[StatusName] = Codes[(int)status.Code];
        if (status.Message.Length > 0)
            target[MessageName] = PercentEncoding.Encode(status.Message, MessageCharactersMaximum);
        if (StatusDetails.Encode(status) is { } details)
            target[StatusDetails.TrailerName] = details;
    }

    private static void Append(IHeaderDictionary target, IReadOnlyList<KeyValuePair<string, string>> trailers)
    {
        foreach ((string name, string value) in trailers)
            target.Append(name, value);
    }
}
