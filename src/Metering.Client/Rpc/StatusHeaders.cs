using System.Net.Http.Headers;
using System.Text;
using Google.Protobuf;
using Google.Rpc;

namespace Metering.Client;

/// <summary>Reads a call's status from headers (Trailers-Only) or trailers.</summary>
internal static class StatusHeaders
{
    /// <summary>Whether the headers hold a status at all.</summary>
    public static bool Hold(HttpHeaders headers) => headers.Contains("grpc-status");

    /// <summary>The server's number of the request, if it gave one.</summary>
    public static string? RequestId(HttpResponseMessage response) => Value(response.Headers, "x-request-id");

    /// <summary>The failure that a response tells of, once it is read to its end; null when it tells of success.</summary>
    public static MeteringException? Read(HttpResponseMessage response) =>
        Read(Hold(response.Headers) ? response.Headers : response.TrailingHeaders, RequestId(response));

    /// <summary>The failure that the headers tell of; null when they tell of success.</summary>
    public static MeteringException? Read(HttpHeaders headers, string? requestId)
    {
        if (Value(headers, "grpc-status") is not { } text)
            return new MeteringException(GrpcStatusCode.Internal, "The server's answer ended without a status.")
            {
                OutcomeIsUnknown = true, RequestId = requestId,
            };
        if (!int.TryParse(text, out int number) || number is < 0 or > (int)GrpcStatusCode.Unauthenticated)
            number = (int)GrpcStatusCode.Unknown;
        if (number == 0)
            return null;

        var code = (GrpcStatusCode)number;
        (TimeSpan? retryAfter, IReadOnlyList<FieldViolation> violations) = ReadDetails(Value(headers, "grpc-status-details-bin"));
        string message = Value(headers, "grpc-message") is { Length: > 0 } words ? PercentDecode(words)
            : $"The server answered {code.Name()}.";
        return new MeteringException(code, message)
        {
            RequestId = requestId,
            RetryAfter = retryAfter,
            Violations = violations,
            OutcomeIsUnknown = code is GrpcStatusCode.Unavailable or GrpcStatusCode.DeadlineExceeded or GrpcStatusCode.Cancelled
                or GrpcStatusCode.Unknown or GrpcStatusCode.Internal or GrpcStatusCode.DataLoss,
        };
    }

    /// <summary>The first value of a header, or null.</summary>
    public static string? Value(HttpHeaders headers, string name) =>
        headers.NonValidated.TryGetValues(name, out HeaderStringValues values) ? values.FirstOrDefault() : null;

    /// <summary>Undoes gRPC's percent-encoding of UTF-8; what is not an escape stays as it is.</summary>
    public static string PercentDecode(string text)
    {
        if (!text.Contains('%', StringComparison.Ordinal))
            return text;
        byte[] source = Encoding.UTF8.GetBytes(text);
        byte[] bytes = new byte[source.Length];
        int length = 0;
        for (int index = 0; index < source.Length; index++)
        {
            bool isEscape = source[index] == '%' && index + 2 < source.Length
                && char.IsAsciiHexDigit((char)source[index + 1]) && char.IsAsciiHexDigit((char)source[index + 2]);
            bytes[length++] = isEscape ? Convert.FromHexString(source.AsSpan(index + 1, 2))[0] : source[index];
            index += isEscape ? 2 : 0;
        }

        return Encoding.UTF8.GetString(bytes, 0, length);
    }

    // Details are extra: when they cannot be read, code and message still stand.
    private static (TimeSpan? RetryAfter, IReadOnlyList<FieldViolation> Violations) ReadDetails(string? base64)
    {
        TimeSpan? retryAfter = null;
        var violations = new List<FieldViolation>();
        try
        {
            if (base64 is null)
                return (null, []);
            string padded = base64.TrimEnd('=') is var bare ? bare + new string('=', (4 - (bare.Length % 4)) % 4) : base64;
            foreach (var detail in Google.Rpc.Status.Parser.ParseFrom(Convert.FromBase64String(padded)).Details)
            {
                if (detail.TryUnpack(out RetryInfo retry) && retry.RetryDelay?.ToTimeSpan() is { Ticks: >= 0 } delay)
                    retryAfter = delay;
                if (detail.TryUnpack(out BadRequest badRequest))
                    violations.AddRange(
                        badRequest.FieldViolations.Select(violation => new FieldViolation(violation.Field, violation.Description)));
            }
        }
        catch (Exception fault) when (fault is FormatException or InvalidProtocolBufferException or InvalidOperationException)
        {
            return (null, []);
        }

        return (retryAfter, violations);
    }
}
