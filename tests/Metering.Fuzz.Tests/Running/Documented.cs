using System.Globalization;

namespace Metering.Fuzz.Tests;

/// <summary>
/// What a server may answer to anything that a client can send. Everything else is a fault of the server: UNKNOWN and
/// UNAVAILABLE of a server in order, an INTERNAL that blames the server, HTTP 500 without one, an HTTP/2 INTERNAL_ERROR, silence.
/// </summary>
internal static class Documented
{
    /// <summary>Statuses of HTTP: REST's (docs/ARCHITECTURE.md), gRPC's own refusals, and Kestrel's about HTTP itself.</summary>
    public static readonly IReadOnlySet<int> HttpStatuses = new HashSet<int>
    {
        100, // Expect: 100-continue
        200,
        400, // INVALID_ARGUMENT, FAILED_PRECONDITION, and requests that are not HTTP
        401, 403, 404, 405,
        408, // the headers or the body never ended
        409, // ALREADY_EXISTS
        411, // a body of unknown length in HTTP/1.0
        413, 414, 415,
        426, // gRPC over HTTP/1.1
        429, 431,
        500, // INTERNAL that blames the request, see Internal
        501, // UNIMPLEMENTED
        504, // DEADLINE_EXCEEDED
        505, // neither HTTP/1.0 nor HTTP/1.1
    };

    /// <summary>Statuses of gRPC by number.</summary>
    public static readonly IReadOnlySet<int> GrpcStatuses = new HashSet<int>
    {
        0,
        3, // INVALID_ARGUMENT
        4, // DEADLINE_EXCEEDED
        5, // NOT_FOUND
        6, // ALREADY_EXISTS
        7, // PERMISSION_DENIED
        8, // RESOURCE_EXHAUSTED
        12, // UNIMPLEMENTED
        13, // INTERNAL that blames the request, see Internal
        16, // UNAUTHENTICATED
    };

    /// <summary>Error codes of HTTP/2, in RST_STREAM and GOAWAY.</summary>
    public static readonly IReadOnlySet<uint> Http2Errors = new HashSet<uint>
    {
        0, // NO_ERROR: answered before all was read, or closing
        1, // PROTOCOL_ERROR
        3, // FLOW_CONTROL_ERROR
        5, // STREAM_CLOSED
        6, // FRAME_SIZE_ERROR
        7, // REFUSED_STREAM
        8, // CANCEL
        9, // COMPRESSION_ERROR
        11, // ENHANCE_YOUR_CALM
    };

    /// <summary>
    /// INTERNAL_ERROR, in GOAWAY alone: Kestrel's for an HPACK index of 0, a byte 0x80, where RFC 7541, 6.1 asks for
    /// COMPRESSION_ERROR. The connection ends either way, and no other is touched.
    /// </summary>
    private const uint InternalError = 2;

    private const byte IndexZero = 0x80;

    /// <summary>What INTERNAL may say: the request is damaged. Anything else would be the server's fault.</summary>
    public static readonly IReadOnlyList<string> Internal =
    [
        "The request is not valid protobuf: ",
        "the request message is malformed protobuf: ",
        "the request ends within a message",
        "a compressed request message is not valid gzip",
        "a request message is flagged as compressed, but grpc-encoding names no compression",
        "a message frame starts with flag ",
        "grpc-timeout \"",
    ];

    private const int InternalCode = 13;

    /// <summary>Null, or what is not documented about the answer to an input.</summary>
    public static string? Fault(FuzzInput input, Answer answer)
    {
        if (answer.IsHung)
            return "no answer and no end in time";
        if (answer.Malformed is not null)
            return "the answer is not HTTP";
        if (answer.HttpStatuses.FirstOrDefault(status => !HttpStatuses.Contains(status)) is not 0 and var http)
            return $"HTTP {http} is not documented";
        if (answer.HttpStatuses.Contains(500) && !answer.Bodies.Any(body => RestError.Read(body) is { Code: InternalCode } error && BlamesRequest(error.Message)))
            return "HTTP 500 that does not say what is wrong with the request";
        foreach ((int code, string message) in answer.GrpcStatuses)
        {
            if (!GrpcStatuses.Contains(code))
                return $"grpc-status {code.ToString(CultureInfo.InvariantCulture)} is not documented";
            if (code == InternalCode && !BlamesRequest(message))
                return "INTERNAL that does not say what is wrong with the request";
        }

        bool saysIndexZero = input.Carriage != Carriage.Http1Request && input.Bytes.Contains(IndexZero);
        IEnumerable<uint> errors = answer.Resets.Concat(answer.GoAways.Where(code => !(saysIndexZero && code == InternalError)));
        foreach (uint error in errors.Where(error => !Http2Errors.Contains(error)))
            return $"HTTP/2 error code {error} is not documented";
        bool isAnswered = answer.IsClosed || answer.HttpStatuses.Count > 0 || answer.Resets.Count > 0;
        return isAnswered ? null : "no answer";
    }

    private static bool BlamesRequest(string message) => Internal.Any(words => message.StartsWith(words, StringComparison.Ordinal));
}
