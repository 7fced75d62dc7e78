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

    // What every client takes in one block of headers or trailers. A part of it is kept for the headers that Trailers-Only
    // carries beside the status: the protocol's own and those of middleware.
    private const int BlockBytesMaximum = RpcLimits.TrailerBlockBytes;
    private const int OtherHeaderBytes = 512;

    // After percent-encoding.
    private const int MessageCharactersMaximum = RpcLimits.StatusMessageCharacters;

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
        target.GrpcStatus = Codes[(int)status.Code];
        if (ReferenceEquals(status, RpcStatus.Ok))
            return;
        string message = PercentEncoding.Encode(status.Message, MessageCharactersMaximum);
        if (message.Length > 0)
            target[MessageName] = message;
        if (status.Details is { Count: > 0 } && StatusDetails.Encode(status, RestOfBlock(message, trailers)) is { } details)
            target[StatusDetails.TrailerName] = details;
    }

    // The characters left for the details once everything else is in.
    private static int RestOfBlock(string message, IReadOnlyList<KeyValuePair<string, string>>? trailers) =>
        BlockBytesMaximum - OtherHeaderBytes
        - Metadata.BytesOf(StatusName, "16")
        - Metadata.BytesOf(MessageName, message)
        - Metadata.BytesOf(StatusDetails.TrailerName, "")
        - (trailers?.Sum(trailer => Metadata.BytesOf(trailer.Key, trailer.Value)) ?? 0);

    private static void Append(IHeaderDictionary target, IReadOnlyList<KeyValuePair<string, string>> trailers)
    {
        foreach ((string name, string value) in trailers)
            target.Append(name, value);
    }
}
